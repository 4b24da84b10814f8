/* JSON: whole values, insides of strings, and templates that are no JSON. */
#include "writer.h"

static void values(void **state)
{
  static const struct row rows[] = {
      STR("@@\n", "a\"b\\\n", "\"a\\\"b\\\\\\n\"\n"),
      STR("{\"k\":@@,@@:1}", "x", "{\"k\":\"x\",\"x\":1}"),
      STR("[\"a @@ b\"]", "\"", "[\"a \\\" b\"]"),
      STR("{\"k@@\": [ ]}", "1", "{\"k1\": [ ]}"),
      STR("{\"n\": -1.5e3, \"t\": true, \"v\": @@}", "x",
          "{\"n\": -1.5e3, \"t\": true, \"v\": \"x\"}"),
      NUM("[@@]", "1.10", "[1.10]"),
      NUM("[\"@@\"]", "1.10", "[\"1.10\"]"),
      NUM("{@@:1}", "5", "{\"5\":1}"),
      DOC("[@@]", "{\"a\":\"\\ud83d\\ude00\"}", "[{\"a\":\"\\ud83d\\ude00\"}]"),
      {"[@@]", LUN_VALUE_NULL, "", "[null]", NULL},
      {"[\"@@\"]", LUN_VALUE_NULL, "", NULL, "null cannot stand inside"},
      {"{@@:1}", LUN_VALUE_TRUE, "", NULL, "what is no string cannot stand"},
      {"[@@]", LUN_VALUE_JSON, "[1],2", NULL, "the value"},
      BAD("[@@]", "\xc3(", "a value that is not UTF-8"),
      BAD("[1 @@]", "x", "a value cannot stand where a ',' or"),
      BAD("[1@@]", "x", "a value cannot stand against a number"),
      BAD("{\"k\" @@}", "x", "a value cannot stand where a ':' is due"),
      BAD("[\"\\@@\"]", "n", "a value cannot stand behind a backslash"),
      BAD("[\"\\u00@@\"]", "41", "a value cannot stand behind a backslash"),
      BAD("{} @@", "x", "a value cannot stand behind the end"),
  };

  (void)state;
  check_rows("json", rows);
}

static void templates(void **state)
{
  static const struct row rows[] = {
      BAD("[1,]", "", "']' cannot stand where a value is due"),
      BAD("{\"a\":1,}", "", "'}' cannot stand where a key is due"),
      BAD("[1}", "", "'}' cannot stand where a ','"),
      BAD("[yes]", "", "a word or number that JSON does not know"),
      BAD("[01]", "", "a word or number that JSON does not know"),
      BAD("[\"a\nb\"]", "", "a line break or control character"),
      BAD("[\"\\x41\"]", "", "this escape cannot stand"),
      BAD("// c\n{}", "", "'/' cannot stand where a value is due"),
      BAD("[", "", "a '[' is not closed"),
      BAD("[\"a", "", "a JSON string is not closed"),
      BAD(" ", "", "the template gives no JSON value"),
      BAD("[\"\xff\"]", "", "the template is not UTF-8"),
  };

  (void)state;
  check_rows("json", rows);
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(values), TEST(templates)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
