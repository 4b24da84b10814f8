/* dotenv: only what all its readers read alike. */
#include "writer.h"

static void values(void **state)
{
  static const struct row rows[] = {
      STR("K=@@\n", "a b#c$d", "K='a b#c$d'\n"),
      STR("K=@@ # it's\n", "a\nb", "K='a\nb' # it's\n"),
      STR("export K = @@\n", "", "export K = ''\n"),
      STR("K=@@", "it's", "K=\"it's\""),
      STR("K=@@", "a'b\"c", "K=a'b\"c"),
      STR("K=@@\n", "a\\b", "K='a\\b'\n"),
      STR("URL=pg://u:@@@h  \n", "p'w", "URL=\"pg://u:p'w@h\"  \n"),
      STR("K='a @@'\n", "$x\n", "K='a $x\n'\n"),
      STR("K=\"a\\n@@\"\n", "it's", "K=\"a\\nit's\"\n"),
      NUM("K=@@\n", "5432", "K=5432\n"),
      NUM("K=@@0\n", "5", "K='50'\n"),
      {"K=@@\n", LUN_VALUE_TRUE, "", "K=true\n", NULL},
      DOC("K=@@\n", "{\"a\": 1}", "K='{\"a\": 1}'\n"),
      STR("A_@@=1\n", "B2", "A_B2=1\n"),
      STR("@@=1\n", "B", "B=1\n"),
  };

  (void)state;
  check_rows("dotenv", rows);
}

static void refusals(void **state)
{
  static const struct row rows[] = {
      BAD("K=@@\n", "a\rb", "a carriage return cannot stand"),
      BAD("K=@@\n", "${x}", "'${' cannot stand"),
      BAD("K=@@\n", " a\\", "this use of backslashes cannot stand"),
      BAD("K=@@\n", "it's $x", "this mixture of quotes"),
      BAD("K=@@\n", "'\"", "this mixture of quotes"),
      BAD("K=@@\n", "\xff", "what is not UTF-8 cannot stand"),
      BAD("K='@@'\n", "it's", "a quote, '$' or backslash of this value"),
      BAD("K=\"@@\"\n", "$x", "a quote, '$' or backslash of this value"),
      BAD("K='$@@'\n", "{x}", "'${' cannot stand"),
      BAD("K=\"$X@@\"\n", "Y", "a value cannot stand in the name of an exp"),
      BAD("K=\"${X:-@@\"\n", "Y", "a value cannot stand in the name of an exp"),
      BAD("K=\"\\@@\"\n", "n", "a value cannot stand behind a backslash"),
      BAD("K=\"\\t@@\"\n", "n", "this use of backslashes"),
      BAD("# @@\n", "x", "a value cannot stand in a comment"),
      BAD("K=`a@@`\n", "x", "a back quote cannot stand at the start"),
      BAD("K=a # @@\n", "x", "a value cannot stand in a comment"),
      BAD("@@=1\n", "a-b", "this value cannot stand in the name"),
      BAD("@@=1\n", "", "this value cannot stand in the name"),
      BAD("K @@\n", "x", "a value cannot stand here"),
      BAD("K='@@\n", "x", "a quoted dotenv value is not closed"),
      {"K=@@\n", LUN_VALUE_NULL, "", NULL, "null cannot stand in a dotenv"},
  };

  (void)state;
  check_rows("dotenv", rows);
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(values), TEST(refusals)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
