/* The trace id that a Lambda function's calls hand on. */
#include "unit.h"

#include "../../core/rules/recursion.h"

#include <stdio.h>

static void gives(const char *id, const char *want)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 4096);

  assert_true(lun_recursion_header(&out, "some-function", id));
  assert_int_equal(out.fail, LUN_OK);
  assert_string_equal(lun_buf_text(&out), want);
  lun_buf_done(&out);
}

static void an_id_of_aws(void **state)
{
  (void)state;
  gives("Root=1-5759e988-bd862e3fe1be46a994272793;"
        "Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5",
        "Root=1-5759e988-bd862e3fe1be46a994272793;"
        "Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1%7C68fd508a:5");
}

/* Every byte: what stays, and what is encoded. */
static void each_byte(void **state)
{
  static const char stays[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
      "-_.~=;:+&[]{}\"',";
  int c = 0;

  (void)state;
  for (c = 1; c < 256; c++) {
    char id[2] = {(char)c, '\0'};
    char escape[4] = "";

    (void)snprintf(escape, sizeof(escape), "%%%02X", c);
    gives(id, strchr(stays, c) != NULL ? id : escape);
  }
  gives("first\nsecond\xC2\xBC\t", "first%0Asecond%C2%BC%09");
}

static void not_in_lambda(void **state)
{
  static const char *const pairs[][2] = {{NULL, NULL}, {"f", NULL}, {NULL, "t"},
                                         {"", "t"},    {"f", ""},   {"", ""}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
    struct lun_buf out = LUN_BUF_INIT(ctx, 100);

    assert_false(lun_recursion_header(&out, pairs[i][0], pairs[i][1]));
    assert_int_equal(out.len, 0);
  }
}

static enum lun_code work(struct lun_error *err)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 4096);
  enum lun_code rc = LUN_OK;
  char id[300];

  memset(id, '|', sizeof(id) - 1);
  id[sizeof(id) - 1] = '\0';
  assert_true(lun_recursion_header(&out, "f", id));
  rc = lun_buf_status(&out, "a trace id", err);
  lun_buf_done(&out);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  sweep(work);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(an_id_of_aws),
      TEST(each_byte),
      TEST(not_in_lambda),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
