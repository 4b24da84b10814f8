/* YAML: every place that a value can have, and those that it cannot. */
#include "writer.h"

static void scalars(void **state)
{
  static const struct row rows[] = {
      STR("k: @@\n", "true", "k: \"true\"\n"),
      STR("k: @@\n", "p#a: 'w\"\\", "k: \"p#a: 'w\\\"\\\\\"\n"),
      STR("k: @@\n", "a\n\t\r\x01\x7f", "k: \"a\\n\\t\\r\\x01\\x7F\"\n"),
      STR("k: @@\n", "\xe2\x80\xa8\xef\xbb\xbf\xc2\x85\xc3\xa9",
          "k: \"\\u2028\\uFEFF\\x85\xc3\xa9\"\n"),
      STR("k: @@ # c\n", "", "k: \"\" # c\n"),
      STR("- @@\n-   @@\n", " ", "- \" \"\n-   \" \"\n"),
      STR("k:\n  @@\n", "x", "k:\n  \"x\"\n"),
      STR("@@", "x", "\"x\""),
      STR("--- @@\n...\n--- @@", "x", "--- \"x\"\n...\n--- \"x\""),
      STR("k: !!str &a @@\n", "1", "k: !!str &a \"1\"\n"),
      STR("? @@\n: @@\n", "x", "? \"x\"\n: \"x\"\n"),
      STR("k: a\r\nb: @@\r\n", "x", "k: a\r\nb: \"x\"\r\n"),
      {"k: @@", LUN_VALUE_TRUE, "", "k: true", NULL},
      {"k: @@", LUN_VALUE_NULL, "", "k: null", NULL},
      BAD("k: @@\n", "\xff", "what is not UTF-8 cannot stand in YAML"),
  };

  (void)state;
  check_rows("yaml", rows);
}

static void numbers(void **state)
{
  static const struct row rows[] = {
      NUM("k: @@", "5432", "k: 5432"),
      NUM("k: @@", "123456789012345678", "k: 123456789012345678"),
      NUM("k: @@", "1.10", "k: 1.10"),
      NUM("k: @@", "1e5", "k: 1.0e+5"),
      NUM("k: @@", "-1.5E-7", "k: -1.5e-7"),
      NUM("k: @@ms", "5", "k: \"5ms\""),
      NUM("k: '@@'", "5", "k: '5'"),
      NUM("@@: x", "5", "5: x"),
      {"k: @@", LUN_VALUE_NUMBER, "1e400", NULL, "a number beyond 1e308"},
      {"k: @@", LUN_VALUE_NUMBER, "010", NULL, "this is not a number"},
      {"k: @@", LUN_VALUE_NUMBER, "1\nx: 2", NULL, "this is not a number"},
  };

  (void)state;
  check_rows("yaml", rows);
}

static void collections(void **state)
{
  static const struct row rows[] = {
      DOC("k: @@\n", "{\"a\":[1,\"\\ud83d\\ude00\\/\",1e5,null]}",
          "k: {\"a\": [1, \"\xf0\x9f\x98\x80/\", 1.0e+5, null]}\n"),
      DOC("k: @@\n", "{\"a\":1,\"b\":2,\"a\":3}", "k: {\"b\": 2, \"a\": 3}\n"),
      DOC("k: run @@\n", "[1]", "k: \"run [1]\"\n"),
      DOC("k: \"@@\"\n", "{\"a\":1}", "k: \"{\\\"a\\\":1}\"\n"),
      DOC("k: @@\n", "[]", "k: []\n"),
      {"@@: x", LUN_VALUE_JSON, "[]", NULL, "an object or array cannot stand"},
      STR("[a, @@]", "b, c", "[a, \"b, c\"]"),
      STR("{a: @@, \"b\":@@}", "x", "{a: \"x\", \"b\":\"x\"}"),
      STR("[\n  @@, # c\n  [a@@]\n]\n", "x",
          "[\n  \"x\", # c\n  [\"ax\"]\n]\n"),
      BAD("{a:@@}", "x", "a value cannot stand against the ':'"),
      BAD("[@@", "x", "a '[' is not closed"),
      BAD("[a\n @@]", "x", "a value cannot stand behind the end"),
  };

  (void)state;
  check_rows("yaml", rows);
}

static void mixtures(void **state)
{
  static const struct row rows[] = {
      STR("url: pg://u:@@@h/x # c\n", "p", "url: \"pg://u:p@h/x\" # c\n"),
      STR("k: nginx:@@  \n", "1", "k: \"nginx:1\"  \n"),
      STR("k: a#@@\n", "b", "k: \"a#b\"\n"),
      STR("k: -@@\n", "b", "k: \"-b\"\n"),
      STR("a_@@: 1\n", "b", "\"a_b\": 1\n"),
      STR("@@ : 1\n", "b", "\"b\" : 1\n"),
      BAD("k:@@\n", "x", "a value cannot stand against the ':'"),
      BAD("k: @@: x\n", "a", "a second key cannot stand in one line"),
      BAD("k: a @@\n  more\n", "x", "the next line of a plain scalar"),
      BAD("k: a\n  more @@\n", "x", "a value cannot stand in the next line"),
      BAD("k: \"a\" @@\n", "x", "a value cannot stand behind the end"),
      BAD("# @@\n", "x", "a value cannot stand in a comment"),
      BAD("k: 1 # @@\n", "x", "a value cannot stand in a comment"),
      BAD("k: &@@ 1\n", "x", "a value cannot stand in a YAML anchor"),
      BAD("%YAML @@\n", "1.1", "a value cannot stand in a YAML directive"),
  };

  (void)state;
  check_rows("yaml", rows);
}

static void quotes(void **state)
{
  static const struct row rows[] = {
      STR("k: \"a @@\"\n", " \"b\\\n", "k: \"a \\x20\\\"b\\\\\\n\"\n"),
      STR("k: 'it''s @@'\n", "it's", "k: 'it''s it''s'\n"),
      STR("\"@@\": 'x'\n", "a", "\"a\": 'x'\n"),
      STR("k: \"a\\\"@@\"\n", "b", "k: \"a\\\"b\"\n"),
      BAD("k: \"\\@@\"\n", "n", "a value cannot stand behind a backslash"),
      BAD("k: '@@'\n", "a\nb", "a newline cannot stand between single quotes"),
      BAD("k: '@@\n  b'\n", "a ", "a value that is empty or ends in a blank"),
      BAD("k: \"a\n  @@\"\n", "", "a value that is empty or begins with"),
      BAD("k: \"@@", "a", "a quoted scalar is not closed"),
      {"k: \"@@\"", LUN_VALUE_NULL, "", NULL,
       "null cannot stand inside quotes"},
  };

  (void)state;
  check_rows("yaml", rows);
}

static void blocks(void **state)
{
  static const struct row rows[] = {
      STR("k: |\n  @@\nz: 1\n", "a\nb", "k: |-\n  a\n  b\nz: 1\n"),
      STR("k: |\n  @@\nz: 1\n", "a\n\n b\n", "k: |\n  a\n\n   b\nz: 1\n"),
      STR("k: |\n  @@\n\nz: 1\n", "a\n\n", "k: |+\n  a\n\nz: 1\n"),
      STR("k: |\n  @@\n", " a", "k: |2-\n   a\n"),
      STR("k: |4-\n      @@\n", "a\n", "k: |4\n      a\n"),
      STR("k: |\n  @@\n  @@\nz: 1\n", "a\nb\n",
          "k: |\n  a\n  b\n  a\n  b\nz: 1\n"),
      STR("- |\n  x=@@;\n- @@\n", "a\nb", "- |\n  x=a\n  b;\n- \"a\\nb\"\n"),
      STR("k: >\n  @@\n", "a", "k: >-\n  a\n"),
      STR("k: |\n  a\n@@: 1\n", "b", "k: |\n  a\n\"b\": 1\n"),
      BAD("k: >\n  @@\n", "a\nb", "a newline cannot stand in a folded"),
      BAD("k: |\n  @@\n", "a\rb", "a carriage return cannot stand"),
      BAD("k: |\n  @@\n", "a\x01", "a control character cannot stand"),
      BAD("k: |@@\n  a\n", "x", "a value cannot stand in the header"),
      BAD("|\n@@\n", "x",
          "a value cannot stand in a YAML block scalar without"),
  };

  (void)state;
  check_rows("yaml", rows);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(scalars),  TEST(numbers), TEST(collections),
      TEST(mixtures), TEST(quotes),  TEST(blocks),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
