/* The XML of STS, and what is no such XML. */
#include "unit.h"

#include "../../core/text/xml.h"

#include <stdio.h>

static const char answer[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<a:AssumeRoleResponse xmlns:a=\"https://sts.amazonaws.com/doc/\">\n"
    "  <AssumeRoleResult>\n"
    "    <Credentials>\n"
    "      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>\n"
    "      <a:SecretAccessKey>not&amp;a&lt;real&#x2F;key</a:SecretAccessKey>\n"
    "      <SessionToken><![CDATA[<canary>&]]>\xe1\x88\xb4</SessionToken>\n"
    "      <Expiration/>\n"
    "    </Credentials>\n"
    "    <Credentials><AccessKeyId>SECOND</AccessKeyId>"
    "<Only>here</Only></Credentials>\n"
    "  </AssumeRoleResult>\n"
    "</a:AssumeRoleResponse>\n";

static lun_xml *parse(const char *text)
{
  lun_xml *xml = NULL;
  struct lun_error err = {.code = LUN_OK};

  if (lun_xml_parse(&xml, ctx, lun_span_of(text), "the answer", &err))
    fail_msg("%s", err.message);
  return xml;
}

static void check(const lun_xml *xml, const char *path, const char *want)
{
  struct lun_span found = {NULL, 0};

  assert_true(lun_xml_find(xml, path, &found));
  assert_span(found, want);
}

static void an_answer(void **state)
{
  lun_xml *xml = parse(answer);
  struct lun_span found = {NULL, 0};

  (void)state;
  assert_span(lun_xml_root(xml), "AssumeRoleResponse");
  check(xml, "AssumeRoleResult/Credentials/AccessKeyId", "ASIAEXAMPLE");
  check(xml, "AssumeRoleResult/Credentials/SecretAccessKey", "not&a<real/key");
  check(xml, "AssumeRoleResult/Credentials/SessionToken",
        "<canary>&\xe1\x88\xb4");
  check(xml, "AssumeRoleResult/Credentials/Expiration", "");
  check(xml, "AssumeRoleResult/Credentials/Only", "here");
  check(xml, "AssumeRoleResult/Credentials", "");
  assert_false(lun_xml_find(xml, "AccessKeyId", &found));
  assert_false(lun_xml_find(xml, "Credentials/AccessKeyId", &found));
  assert_false(lun_xml_find(xml, "AssumeRoleResult/AccessKeyId", &found));
  assert_false(lun_xml_find(xml, "AssumeRoleResponse", &found));
  assert_false(lun_xml_find(xml, "", &found));
  assert_false(lun_xml_find(xml, "/", &found));
  lun_xml_free(xml);
  lun_xml_free(NULL);
}

static void shapes(void **state)
{
  lun_xml *xml = parse("<R/>");
  struct lun_span found = {NULL, 0};

  (void)state;
  assert_span(lun_xml_root(xml), "R");
  assert_false(lun_xml_find(xml, "R", &found));
  lun_xml_free(xml);
  xml = parse("<R>t<A b='c'>x<!-- c -->y<?p i?></A>u<B>v<C/>w</B></R>");
  check(xml, "A", "xy");
  check(xml, "B", "");
  check(xml, "B/C", "");
  lun_xml_free(xml);
  xml = parse("<?xml version='1.0' encoding='ISO-8859-1'?><R><A>\xe9</A></R>");
  check(xml, "A", "\xc3\xa9");
  lun_xml_free(xml);
}

static void check_refused(const char *text, const char *why)
{
  lun_xml *xml = NULL;
  struct lun_error err = {.code = LUN_OK};

  assert_int_equal(
      lun_xml_parse(&xml, ctx, lun_span_of(text), "the answer", &err),
      LUN_EINVALID);
  assert_null(xml);
  if (strstr(err.message, why) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", err.message, why);
  assert_non_null(strstr(err.message, "the answer is no valid XML: line "));
  assert_null(strstr(err.message, "canary"));
}

static void refusals(void **state)
{
  char deep[33 * 3 + 1] = "";
  size_t i = 0;

  (void)state;
  check_refused("", "no element");
  check_refused("canary", "line 1");
  check_refused("<a>canary", "no element");
  check_refused("<a>\n<b>canary</c></a>", "line 2");
  check_refused("<a/><b/>", "junk");
  check_refused("<a>&canary;</a>", "undefined entity");
  check_refused("<a>\xff</a>", "line 1");
  check_refused("<!DOCTYPE a><a/>", "document type");
  check_refused("<!DOCTYPE a [<!ENTITY x \"canary\">]><a>&x;</a>",
                "document type");
  check_refused("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
                "document type");
  for (i = 0; i < 33; i++)
    memcpy(deep + 3 * i, "<a>", 4);
  check_refused(deep, "too deep");
  memcpy(deep + sizeof(deep) - 4, "<b/", 4);
  check_refused(deep, "line 1");
}

static void as_deep_as_allowed(void **state)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, 1000);
  lun_xml *xml = NULL;
  int i = 0;

  (void)state;
  for (i = 0; i < 32; i++)
    lun_buf_adds(&text, "<a>");
  for (i = 0; i < 32; i++)
    lun_buf_adds(&text, "</a>");
  xml = parse(lun_buf_text(&text));
  lun_xml_free(xml);
  lun_buf_done(&text);
}

static enum lun_code parse_answer(struct lun_error *err)
{
  lun_xml *xml = NULL;
  enum lun_code rc =
      lun_xml_parse(&xml, ctx, lun_span_of(answer), "the answer", err);

  lun_xml_free(xml);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(parse_answer);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(an_answer),
      TEST(shapes),
      TEST(refusals),
      TEST(as_deep_as_allowed),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
