/* What is told once for a place: the region that the machine is in. */
#include "aws.h"

#include "../../core/base/log.h"

static struct lun_region_wait wait_;

/* The region of a call that names NAMED; "!" and the error if it fails. */
static const char *region(const char *named)
{
  lun_region_wait_done(&wait_);
  lun_region_wait_init(&wait_, place);
  lun_region_wait_start(&wait_, named, lun_clock_mono_ms(ctx) + 20000);
  memset(&error, 0, sizeof(error));
  if (lun_loop_run(loop, &wait_.task, &error))
    return "!";
  return wait_.region;
}

static int free_place(void **state)
{
  lun_region_wait_done(&wait_);
  lun_region_wait_done(&wait_); /* twice does no harm */
  return free_scene(state);
}

/* A metadata service that says this of the region; a token comes first. */
static void machine(const char *answer)
{
  struct answer script[] = {{SEND_IT, imds_token()}, {SEND_IT, answer}};

  end_servers();
  serve_imds(script, 2);
  assert_int_equal(load_settings(NULL), LUN_OK);
}

static const char *plain(const char *body)
{
  return answer_text(200, "", body);
}

/* -------------------------------------------------------------- region -- */

static void one_that_is_known(void **state)
{
  (void)state;
  machine(plain("eu-central-1"));
  set_env("AWS_REGION", "eu-west-1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(region(NULL), "eu-west-1");
  assert_string_equal(region("us-east-1"), "us-east-1");
  set_env("AWS_REGION", NULL);
  set_config("[default]\nregion = ap-south-1\n");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(region(NULL), "ap-south-1");
  assert_int_equal(wait_.connect_ms, 0);
  assert_int_equal(imds_requests(), 0); /* nobody was asked */
}

static void the_machine_s_own(void **state)
{
  (void)state;
  machine(plain("eu-central-1\n"));
  assert_string_equal(region(NULL), "eu-central-1");
  assert_has(imds_request(1), "GET /latest/meta-data/placement/region ");
  assert_string_equal(region(NULL), "eu-central-1");
  assert_string_equal(region("us-east-1"), "us-east-1");
  assert_int_equal(imds_requests(), 2); /* once for all */
  lun_region_wait_done(&wait_);
}

static void shared_by_who_asks_meanwhile(void **state)
{
  struct lun_region_wait other = {.place = NULL};

  (void)state;
  machine(plain("eu-central-1"));
  lun_region_wait_init(&other, place);
  lun_region_wait_start(&other, NULL, 0);
  assert_string_equal(region(NULL), "eu-central-1");
  assert_int_equal(lun_loop_run(loop, &other.task, &error), LUN_OK);
  assert_string_equal(other.region, "eu-central-1");
  assert_int_equal(imds_requests(), 2);
  lun_region_wait_done(&other);
}

/* The one who asked first gives up; the others get their answer. */
static void given_up(void **state)
{
  struct lun_region_wait hasty = {.place = NULL};

  (void)state;
  machine(plain("eu-central-1"));
  lun_region_wait_init(&hasty, place);
  lun_region_wait_start(&hasty, NULL, 1); /* long past */
  assert_string_equal(region(NULL), "eu-central-1");
  assert_int_equal(hasty.task.rc, LUN_EDEADLINE);
  lun_region_wait_done(&hasty);
  assert_int_equal(imds_requests(), 2);
}

/* What there is for an error, and for whom nobody was asked. */
static void none(void **state)
{
  static const struct {
    int status;
    const char *body;
    const char *why;
  } cases[] = {
      {404, "", ": the instance metadata service has no /latest/meta-data/"},
      {500, "", "refused /latest/meta-data/placement/region (HTTP status 500"},
      {200, "", ": what the metadata service gives as one is no region"},
      {200, "canary/../x", "gives as one is no region"},
      {200, "-canary", "gives as one is no region"},
      {200, "a123456789012345678901234567890123456789012345678901234567890123",
       "gives as one is no region"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    machine(answer_text(cases[i].status, "", cases[i].body));
    assert_string_equal(region(NULL), "");
    assert_int_equal(lun_region_wait_none(&wait_, "secretsmanager", &error),
                     LUN_EINVALID);
    assert_has(error.message, "no region is known for secretsmanager");
    assert_has(error.message, cases[i].why);
    assert_null(strstr(error.message, "canary"));
    assert_has(error.hint, "set AWS_REGION");
    assert_string_equal(region(NULL), "");
    assert_int_equal(imds_requests(), 2); /* that is remembered as well */
    lun_region_wait_done(&wait_);
  }
}

static void nobody_to_ask(void **state)
{
  char url[64] = "";
  int port = 0;
  int fd = server_listen(&port);

  (void)state;
  (void)close(fd);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(region(NULL), ""); /* it is switched off */
  assert_int_equal(lun_region_wait_none(&wait_, "sts", &error), LUN_EINVALID);
  assert_string_equal(error.message, "no region is known for sts");
  lun_region_wait_done(&wait_);

  (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
  set_env("AWS_EC2_METADATA_DISABLED", NULL);
  set_env("ALL_PROXY", "http://user:canary@proxy.example");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(region(NULL), "");
  assert_int_equal(lun_region_wait_none(&wait_, "sts", &error), LUN_EINVALID);
  assert_has(error.message, "no region is known for sts: the instance "
                            "metadata service at 127.0.0.1:");
  assert_has(error.message, "cannot connect: Connection refused (ALL_PROXY is "
                            "set, but nothing of this goes by a proxy)");
  assert_has(error.message, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  assert_null(strstr(error.message, "canary"));
  assert_int_equal(lun_region_wait_none(&wait_, "sts", NULL), LUN_EINVALID);
}

/* ---------------------------------------------------------- connecting -- */

static void in_region_or_not(void **state)
{
  (void)state;
  set_env("AWS_DEFAULTS_MODE", "auto");
  set_env("AWS_REGION", "eu-west-1");
  machine(plain("eu-west-1"));
  assert_string_equal(region(NULL), "eu-west-1");
  assert_int_equal(wait_.connect_ms, 1100);
  assert_string_equal(region("us-east-1"), "us-east-1");
  assert_int_equal(wait_.connect_ms, 3100);
  assert_int_equal(imds_requests(), 2);
  lun_region_wait_done(&wait_);

  machine(answer_text(404, "", "")); /* unknown */
  assert_string_equal(region(NULL), "eu-west-1");
  assert_int_equal(wait_.connect_ms, 3100);
  lun_region_wait_done(&wait_);

  set_env("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"); /* which knows it */
  machine(plain("eu-west-2"));
  assert_string_equal(region(NULL), "eu-west-1");
  assert_int_equal(wait_.connect_ms, 1100);
  assert_int_equal(imds_requests(), 0);
  lun_region_wait_done(&wait_);

  set_env("AWS_EXECUTION_ENV", NULL);
  set_env("AWS_EC2_METADATA_DISABLED", "true");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_string_equal(region(NULL), "eu-west-1");
  assert_int_equal(wait_.connect_ms, 3100);
}

/* --------------------------------------------------------------- client -- */

static void one_client(void **state)
{
  lun_imds *imds = NULL;
  lun_imds *again = NULL;

  (void)state;
  machine(plain("eu-west-1"));
  assert_ptr_equal(lun_place_ref(place), place);
  assert_null(lun_place_ref(NULL));
  assert_int_equal(lun_place_imds(&imds, place, &error), LUN_OK);
  assert_int_equal(lun_place_imds(&again, place, &error), LUN_OK);
  assert_ptr_equal(imds, again);
  assert_string_equal(lun_imds_endpoint(imds), scene.servers[1].url);
  lun_place_unref(place);
  lun_place_unref(NULL);
}

/* Gone with the question still open. */
static void dropped(void **state)
{
  (void)state;
  machine(plain("eu-west-1"));
  lun_region_wait_init(&wait_, place);
  lun_region_wait_start(&wait_, NULL, lun_clock_mono_ms(ctx) + 20000);
  lun_region_wait_done(&wait_);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code find_once(struct lun_error *err)
{
  struct lun_place *mine = NULL;
  struct lun_region_wait one = {.place = NULL};
  enum lun_code rc = lun_place_new(&mine, loop, settings, err);

  if (!rc) {
    lun_region_wait_init(&one, mine);
    lun_region_wait_start(&one, NULL, 0);
    rc = lun_loop_run(loop, &one.task, err);
    assert_true(rc != LUN_OK || one.region[0] != '\0');
    lun_region_wait_done(&one);
  }
  lun_place_unref(mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  static const char both[] =
      "HTTP/1.1 200 OK\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\n"
      "Content-Length: 9\r\n\r\neu-west-1"; /* a token, and a region */
  struct answer script[] = {{SEND_IT, both}};

  (void)state;
  serve_imds(script, 1);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(find_once(&error), LUN_OK); /* the loop's own is there */
  sweep(find_once);
}

/* One that there was no memory for is asked for again. */
static void memory_is_no_answer(void **state)
{
  (void)state;
  machine(plain("eu-west-1"));
  ctx->account.fail_after = 0;
  assert_string_equal(region(NULL), "!");
  assert_int_equal(error.code, LUN_ENOMEM);
  ctx->account.fail_after = -1;
  assert_string_equal(region(NULL), "eu-west-1");
}

#define PLACE(function)                                                        \
  cmocka_unit_test_setup_teardown(function, make_scene, free_place)

int main(void)
{
  const struct CMUnitTest tests[] = {
      PLACE(one_that_is_known),
      PLACE(the_machine_s_own),
      PLACE(shared_by_who_asks_meanwhile),
      PLACE(given_up),
      PLACE(none),
      PLACE(nobody_to_ask),
      PLACE(in_region_or_not),
      PLACE(one_client),
      PLACE(dropped),
      PLACE(every_allocation_fails_once),
      PLACE(memory_is_no_answer),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
