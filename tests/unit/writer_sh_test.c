/* sh: words, quotes, substitutions, and what is not followed. */
#include "writer.h"

static void words(void **state)
{
  static const struct row rows[] = {
      STR("K=@@\n", "a'b $c", "K='a'\\''b $c'\n"),
      STR("K=x$HOME/@@.y\n", "a", "K=x$HOME/'a'.y\n"),
      STR("cmd --k=@@ @@\n", "", "cmd --k='' ''\n"),
      STR("K=\"a@@\"\n", "\"$`\\!", "K=\"a\\\"\\$\\`\\\\!\"\n"),
      STR("K=\"$H@@\"\n", "x", "K=\"$H\"\"x\"\n"),
      STR("K='a@@'\n", "'", "K='a'\\'''\n"),
      STR("K=\"$(f '@@' @@)\"\n", "x", "K=\"$(f 'x' 'x')\"\n"),
      STR("export A_@@=@@\n", "B", "export A_B='B'\n"),
      STR("@@=1\n", "K", "K=1\n"),
      STR("f --@@=1\n", "a b", "f --'a b'=1\n"),
      STR("cat <<'E'\nit's $(\nE\nK=@@\n", "x",
          "cat <<'E'\nit's $(\nE\nK='x'\n"),
      STR("cat <<-E\n\t\"\n\tE\nK=@@\n", "x", "cat <<-E\n\t\"\n\tE\nK='x'\n"),
      STR("cat <<<@@\n", "x", "cat <<<'x'\n"),
      STR("case x in x) f;; esac # it's\nK=@@\n", "y",
          "case x in x) f;; esac # it's\nK='y'\n"),
      STR("((i = 1 << 2)); K=$((1+(2)))@@\n", "y",
          "((i = 1 << 2)); K=$((1+(2)))'y'\n"),
      STR("K=${X#\\'}@@\n", "y", "K=${X#\\'}'y'\n"),
      STR("K=$'\\''@@\n", "y", "K=$'\\'''y'\n"),
      STR("K=a#@@ # c\n", "y", "K=a#'y' # c\n"),
      NUM("K=@@\n", "5", "K=5\n"),
      NUM("f @@>x\n", "5", "f '5'>x\n"),
      DOC("K=@@\n", "{\"a\":1}", "K='{\"a\":1}'\n"),
      STR("K=@@\n", "\xff\x01\n\r", "K='\xff\x01\n\r'\n"),
  };

  (void)state;
  check_rows("sh", rows);
}

/* A backslash-newline is taken away before a shell looks. */
static void joined_lines(void **state)
{
  static const struct row rows[] = {
      STR("f a \\\n  @@\n", "x", "f a \\\n  'x'\n"),
      STR("f a\\\n#@@\n", "x", "f a\\\n#'x'\n"),
      STR("K=\"a\\\n@@\"\n", "'", "K=\"a\\\n'\"\n"),
      STR("K=\"$H\\\n@@\"\n", "x", "K=\"$H\\\n\"\"x\"\n"),
      STR("\\\nf \\#@@\n", "x", "\\\nf \\#'x'\n"),
      STR("cat <<E\\\nF\nE\nEF\nf @@\n", "x", "cat <<E\\\nF\nE\nEF\nf 'x'\n"),
      STR("cat <<'E'\nx\\\nE\nf @@\n", "x", "cat <<'E'\nx\\\nE\nf 'x'\n"),
      STR("cat <<'E F'\nE\nE F\nf @@\n", "x", "cat <<'E F'\nE\nE F\nf 'x'\n"),
      STR("cat <<E\nx\\\ny\nE\nf @@\n", "x", "cat <<E\nx\\\ny\nE\nf 'x'\n"),
      STR("((i = 1))# it's\nf @@\n", "x", "((i = 1))# it's\nf 'x'\n"),
      BAD("f \\\n# @@\n", "x", "a value cannot stand in a comment"),
      BAD("f;\\\n#@@\n", "x", "a value cannot stand in a comment"),
      BAD("K=\"$\\\n@@\"\n", "x", "a value cannot stand behind a '$'"),
      BAD("K=$\\\n{X:-@@}\n", "x", "a value cannot stand in ${...}"),
      BAD("K=$(\\\n(1+@@))\n", "1", "a value cannot stand in shell arithm"),
      BAD("cat <\\\n<E\n@@\nE\n", "x", "a value cannot stand in a here-doc"),
      BAD("cat <<E \\\n-n\n@@\nE\n", "x", "a value cannot stand in a here-doc"),
      BAD("cat <<E\nx\\\nE\n@@\nE\n", "x", "a value cannot stand behind shell"),
      BAD("cat <<E\n\\\nE\n@@\nE\n", "x", "a value cannot stand behind shell"),
      BAD("K=$(ca\\\nse x in x) f;; esac; @@)\n", "x",
          "a value cannot stand behind shell code"),
      BAD("((echo ')'); f @@)\n", "x",
          "a value cannot stand behind shell code"),
      BAD("f \"${X#'\"'}\" } @@\n", "x", "a value cannot stand behind shell"),
      BAD("cat <<$X\nx\n$X\nf @@\n", "x", "a value cannot stand behind shell"),
  };

  (void)state;
  check_rows("sh", rows);
}

static void refusals(void **state)
{
  static const struct row rows[] = {
      BAD("# @@\n", "x", "a value cannot stand in a comment"),
      BAD("f # @@\n", "x", "a value cannot stand in a comment"),
      BAD("cat <<E\n@@\nE\n", "x", "a value cannot stand in a here-document"),
      BAD("cat << @@\n", "x", "a value cannot stand in a here-document"),
      BAD("K=`f @@`\n", "x", "a value cannot stand between back quotes"),
      BAD("K=${X:-@@}\n", "x", "a value cannot stand in ${...}"),
      BAD("K=$((1+@@))\n", "1", "a value cannot stand in shell arithmetic"),
      BAD("K=$@@\n", "x", "a value cannot stand behind a '$'"),
      BAD("K=\"$@@\"\n", "x", "a value cannot stand behind a '$'"),
      BAD("K=$'@@'\n", "x", "a value cannot stand in $'...'"),
      BAD("K=a\\@@\n", "x", "a value cannot stand behind a backslash"),
      BAD("K=$(case x in x) f;; esac; @@)\n", "x",
          "a value cannot stand behind shell code"),
      BAD("@@=1\n", "a-b", "this value cannot stand in the name"),
      BAD("K='@@\n", "x", "a quote or bracket of the shell is not closed"),
      BAD("cat <<E\nx\n@@", "", "a value cannot stand in a here-document"),
      BAD("cat <<E\nx\n", "", "a here-document is not closed"),
      {"K=@@", LUN_VALUE_NULL, "", NULL, "null cannot stand in a shell word"},
  };

  (void)state;
  check_rows("sh", rows);
}

int main(void)
{
  const struct CMUnitTest tests[] = {TEST(words), TEST(joined_lines),
                                     TEST(refusals)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
