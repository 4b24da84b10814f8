/* AWS's INI dialect: what the cross-SDK cases leave open, and its faults. */
#include "unit.h"

#include "../../core/base/clock.h"
#include "../../core/text/ini.h"

#include <stdio.h>
#include <stdlib.h>

static struct lun_ini parse(enum lun_ini_kind kind, const char *text)
{
  struct lun_ini ini = {.ctx = NULL};
  struct lun_error err = {.code = LUN_OK};

  if (lun_ini_parse(&ini, ctx, kind, lun_span_of(text), "config", &err))
    fail_msg("%s", err.message);
  return ini;
}

/* The value of a property of a profile, "(none)" if it is not there. */
static const char *value(const struct lun_ini *ini, const char *profile,
                         const char *key)
{
  const struct lun_ini_property *property =
      lun_ini_get(lun_ini_find(ini, LUN_INI_PROFILE, profile), key);

  return property == NULL ? "(none)" : property->value;
}

static void a_file(void **state)
{
  struct lun_ini ini =
      parse(LUN_INI_CONFIG, "# comment\n"
                            "[default]\r\n"
                            "Region = us-east-1 # here\r\n"
                            "\n"
                            "[ profile\tdev ] ; comment\n"
                            "role_arn=arn:aws:iam::1:role/a=b\n"
                            "external_id = a#b;c\n"
                            "empty =\n"
                            "[sso-session corp]\n"
                            "sso_region = eu-west-1\n"
                            "[services local]\n"
                            "sts =\n"
                            "  Endpoint_URL = http://localhost:1 # comment\n"
                            "\n"
                            "  # comment\n"
                            "  x = y\n"
                            "[plugins]\n"
                            "cli = no\n");
  const struct lun_ini_section *section = NULL;
  const struct lun_ini_property *property = NULL;

  (void)state;
  assert_int_equal(ini.nsections, 4);
  assert_string_equal(value(&ini, "default", "region"), "us-east-1");
  assert_string_equal(value(&ini, "dev", "role_arn"),
                      "arn:aws:iam::1:role/a=b");
  assert_string_equal(value(&ini, "dev", "external_id"), "a#b;c");
  assert_string_equal(value(&ini, "dev", "empty"), "");
  assert_string_equal(value(&ini, "dev", "region"), "(none)");
  section = lun_ini_find(&ini, LUN_INI_PROFILE, "dev");
  assert_int_equal(section->line, 5);
  assert_true(section->prefixed);
  assert_false(lun_ini_find(&ini, LUN_INI_PROFILE, "default")->prefixed);
  assert_int_equal(lun_ini_get(section, "empty")->line, 8);
  assert_null(lun_ini_find(&ini, LUN_INI_PROFILE, "corp"));
  assert_non_null(lun_ini_find(&ini, LUN_INI_SSO_SESSION, "corp"));
  property = lun_ini_get(lun_ini_find(&ini, LUN_INI_SERVICES, "local"), "sts");
  assert_string_equal(property->value,
                      "\nEndpoint_URL = http://localhost:1 # comment\nx = y");
  assert_int_equal(property->nsubs, 2);
  assert_string_equal(lun_ini_sub(property, "endpoint_url"),
                      "http://localhost:1");
  assert_null(lun_ini_sub(property, "endpoint"));
  assert_null(lun_ini_sub(NULL, "x"));
  assert_null(lun_ini_get(NULL, "x"));
  lun_ini_done(&ini);
  lun_ini_done(&ini);
}

/* Cases of the cross-SDK kind, one profile and property each. */
static void the_dialect(void **state)
{
  static const struct {
    const char *text;
    const char *value; /* of profile p, property k */
  } cases[] = {
      {"[profile \tp \t]\nk \t=  \tv \t", "v"},
      {"[profile p]\nk = \xf0\x9f\x98\x82", "\xf0\x9f\x98\x82"},
      {"[profile p]# c\nk = v ; c # d", "v"},
      {"[profile p]\nk = v\t# c", "v"},
      {"[profile p]\nk = # c", ""},
      {"[profile p]\nk = v\n -a\n -b ; c", "v\n-a\n-b ; c"},
      {"[profile p]\nk = v\n # not a comment", "v\n# not a comment"},
      {"[profile p]\nk = v\n\n -a", "v\n-a"},
      {"[profile p]\nk = v\nk = w", "w"},
      {"[profile p]\nk = v\n[profile p]\nj = w", "v"},
      {"[profile p]\nk = v\nK = w", "w"},
      {"[profile p]\nk =\n a = 1\nk = v", "v"},
      {"[profile p]\nk = v\nin valid = w\n continued", "v"},
      {"[profile p]\nin valid =\n a = 1\nk = v", "v"},
      {"[profile p]\nk = v\n[profile in valid]\nk = w", "v"},
      {"[profile in valid]\nk = w\n c\n[profile p]\nk = v", "v"},
      {"[p]\nk = v", "(none)"},
      {"[profilep]\nk = v", "(none)"},
      {"[profile p q]\nk = v", "(none)"},
      {"[profile p]\nk = v\n[profile]\nk = w", "v"},
      {"\xef\xbb\xbf[profile p]\nk = v", "v"},
      {"[profile p]\n  # indented comment\nk = v", "v"},
      {"  ; indented comment\n[profile p]\nk = v", "v"},
      {"[profile p]\r\n\t\r\nk = v\r\n\r\n", "v"},
      {"[profile p]\nk = a]b[c", "a]b[c"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lun_ini ini = parse(LUN_INI_CONFIG, cases[i].text);

    assert_string_equal(value(&ini, "p", "k"), cases[i].value);
    lun_ini_done(&ini);
  }
}

/* What [profile default] has pushed aside is gone, under its name as well. */
static void properties_pushed_aside(void **state)
{
  struct lun_ini ini = parse(LUN_INI_CONFIG, "[default]\na = 1\nb = 2\nc = 3\n"
                                             "[profile default]\nc = 4\n"
                                             "[profile default]\nb = 5\n"
                                             "b = 6\nc = 7\n");

  (void)state;
  assert_int_equal(ini.sections[0].nproperties, 2);
  assert_string_equal(value(&ini, "default", "a"), "(none)");
  assert_string_equal(value(&ini, "default", "b"), "6");
  assert_string_equal(value(&ini, "default", "c"), "7");
  lun_ini_done(&ini);
}

static void defaults(void **state)
{
  static const char *const texts[] = {
      "[default]\nk = v\n[profile default]\nj = w",
      "[profile default]\nj = w\n[default]\nk = v",
      "[profile default]\nj = x\n[default]\nk = v\nj = y\n"
      "[profile default]\nj = w",
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    struct lun_ini ini = parse(LUN_INI_CONFIG, texts[i]);

    assert_int_equal(ini.nsections, 1);
    assert_string_equal(value(&ini, "default", "j"), "w");
    assert_string_equal(value(&ini, "default", "k"), "(none)");
    lun_ini_done(&ini);
  }
}

static void credentials_have_no_prefix(void **state)
{
  struct lun_ini ini = parse(LUN_INI_CREDENTIALS, "[ p ]\nk = v\n"
                                                  "[profile q]\nk = w\n"
                                                  "[sso-session r]\nk = w\n"
                                                  "[default]\nk = x\n");

  (void)state;
  assert_int_equal(ini.nsections, 2);
  assert_string_equal(value(&ini, "p", "k"), "v");
  assert_string_equal(value(&ini, "default", "k"), "x");
  lun_ini_done(&ini);
}

static void mistakes(void **state)
{
  static const struct {
    const char *text;
    const char *message;
  } cases[] = {
      {"k = canary", "config:1: Expected a profile definition"},
      {" canary", "config:1: Expected a profile definition"},
      {"\n[profile p", "config:2: Profile definition must end with ']'"},
      {"[profile p] canary", "config:1: Profile definition must end with ']'"},
      {"[profile p # ]", "config:1: Profile definition must end with ']'"},
      {"[", "config:1: Profile definition must end with ']'"},
      {"[profile p]\ncanary",
       "config:2: Expected an '=' sign defining a property"},
      {"[profile p]\nk # = canary",
       "config:2: Expected an '=' sign defining a property"},
      {"[profile p]\n = canary",
       "config:2: Expected a property definition, found continuation"},
      {"[profile p]\n= canary", "config:2: Property did not have a name"},
      {"[profile p]\nk = v\n[profile p]\n canary",
       "config:4: Expected a property definition, found continuation"},
      {"[profile p]\nk =\n canary",
       "config:3: Expected an '=' sign defining a sub-property"},
      {"[profile p]\nk =\n = canary",
       "config:3: Sub-property did not have a name"},
      {"[profile in valid]\ncanary",
       "config:2: Expected an '=' sign defining a property"},
      {"[profile in valid]\nk =\n canary",
       "config:3: Expected an '=' sign defining a sub-property"},
  };
  struct lun_ini ini = {.ctx = NULL};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lun_error err = {.code = LUN_OK};

    assert_int_equal(lun_ini_parse(&ini, ctx, LUN_INI_CONFIG,
                                   lun_span_of(cases[i].text), "config", &err),
                     LUN_EINVALID);
    assert_string_equal(err.message, cases[i].message);
  }
  assert_int_equal(lun_ini_parse(&ini, ctx, LUN_INI_CONFIG,
                                 (struct lun_span){"[p]\nk = a\0b", 11},
                                 "config", NULL),
                   LUN_EINVALID);
  assert_null(ini.ctx);
}

static void odd_headers(void **state)
{
  struct lun_ini ini = parse(LUN_INI_CONFIG, "[]\n[ ]\n[]]\n[[]\n"
                                             "[sso-session]\n[profile ]");

  (void)state;
  assert_int_equal(ini.nsections, 0);
  lun_ini_done(&ini);
}

/* Hostile sizes end in an error, soon. */
static void sizes(void **state)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, 64 << 20);
  struct lun_ini ini = {.ctx = NULL};
  struct lun_error err = {.code = LUN_OK};
  int i = 0;

  (void)state;
  lun_buf_adds(&text, "[default]\nk = v\n");
  for (i = 0; i < 300000; i++)
    lun_buf_adds(&text, " x\n");
  ini = parse(LUN_INI_CONFIG, lun_buf_text(&text));
  assert_int_equal(strlen(value(&ini, "default", "k")), 600001);
  lun_ini_done(&ini);
  lun_buf_cut(&text, 0);
  for (i = 0; i < 12000; i++)
    lun_buf_addf(&text, "[profile p%d]\n", i);
  assert_int_equal(lun_ini_parse(&ini, ctx, LUN_INI_CONFIG, lun_buf_view(&text),
                                 "config", &err),
                   LUN_EINVALID);
  assert_string_equal(err.message,
                      "config:10001: Too many sections in one file");
  lun_buf_cut(&text, 0);
  lun_buf_adds(&text, "[default]\n");
  for (i = 0; i < 2000; i++)
    lun_buf_addf(&text, "k%d =\n", i);
  assert_int_equal(lun_ini_parse(&ini, ctx, LUN_INI_CONFIG, lun_buf_view(&text),
                                 "config", &err),
                   LUN_EINVALID);
  lun_buf_done(&text);
}

/* A megabyte of names, new or the same again, takes no longer than others. */
static void names_without_end(void **state)
{
  static const char *const again[] = {"[9999]\n", "k999=\n"};
  struct lun_buf text = LUN_BUF_INIT(ctx, 1 << 20);
  int64_t before = lun_clock_mono_ms(ctx);
  struct lun_ini ini = {.ctx = NULL};
  int way = 0;
  int i = 0;

  (void)state;
  for (way = 0; way < 2; way++) {
    lun_buf_cut(&text, 0);
    lun_buf_adds(&text, "[default]\n");
    for (i = 0; way == 0 && i < 9999; i++)
      lun_buf_addf(&text, "[%d]\n", i + 1);
    for (i = 0; way == 1 && i < 1000; i++)
      lun_buf_addf(&text, "k%d=\n", i);
    while (text.len + 32 < text.max)
      lun_buf_adds(&text, again[way]);
    ini = parse(LUN_INI_CREDENTIALS, lun_buf_text(&text));
    assert_int_equal(ini.nsections, way == 0 ? 10000 : 1);
    assert_int_equal(ini.sections[0].nproperties, way == 0 ? 0 : 1000);
    lun_ini_done(&ini);
  }
  lun_buf_done(&text);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 0, 5000);
}

static void long_lines(void **state)
{
  size_t most = 64 << 10;
  struct lun_buf text = LUN_BUF_INIT(ctx, 1 << 20);
  struct lun_ini ini = {.ctx = NULL};
  struct lun_error err = {.code = LUN_OK};

  (void)state;
  lun_buf_adds(&text, "[default]\nk=");
  while (text.len < 10 + most)
    lun_buf_addc(&text, 'v');
  ini = parse(LUN_INI_CONFIG, lun_buf_text(&text));
  assert_int_equal(strlen(value(&ini, "default", "k")), most - 2);
  lun_ini_done(&ini);
  lun_buf_addc(&text, 'v');
  assert_int_equal(lun_ini_parse(&ini, ctx, LUN_INI_CONFIG, lun_buf_view(&text),
                                 "config", &err),
                   LUN_EINVALID);
  assert_string_equal(err.message, "config:2: The line is longer than 64 KiB");
  lun_buf_done(&text);
}

static enum lun_code parse_some(struct lun_error *err)
{
  struct lun_ini ini = {.ctx = ctx};
  enum lun_code rc = lun_ini_parse(
      &ini, ctx, LUN_INI_CONFIG,
      LUN_SPAN_LIT("[default]\na = 1\nb = 2\n c\ns3 =\n x = y\n z = a\n"
                   "a = again\n[profile p]\nk = v\n[profile default]\nq = r\n"
                   "s =\n t = u\n"),
      "config", err);

  lun_ini_done(&ini);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(parse_some);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_file),
      TEST(the_dialect),
      TEST(defaults),
      TEST(properties_pushed_aside),
      TEST(credentials_have_no_prefix),
      TEST(mistakes),
      TEST(odd_headers),
      TEST(sizes),
      TEST(names_without_end),
      TEST(long_lines),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
