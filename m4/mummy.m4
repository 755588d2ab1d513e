# MUMMY_PART(NAME, WHAT): --disable-NAME, the conditional ENABLE_NAME.
AC_DEFUN([MUMMY_PART], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--disable-$1], [do not build $2])],
  [AS_CASE([$enableval], [yes|no], [],
     [AC_MSG_ERROR([--enable-$1 takes yes or no, not "$enableval"])])],
  [enable_$1=yes])
AM_CONDITIONAL([ENABLE_]m4_toupper([$1]), [test "x$enable_$1" = xyes])
])

# MUMMY_PART_NEEDS(PART, OTHER): PART can't be built without OTHER.
AC_DEFUN([MUMMY_PART_NEEDS], [
AS_IF([test "x$enable_$1" = xyes && test "x$enable_$2" = xno],
  [AC_MSG_ERROR([the part "$1" needs "$2": add --disable-$1, or remove --disable-$2])])
])

# MUMMY_C11_ATOMICS: 8-byte atomics, with -latomic where the compiler has no instructions.
AC_DEFUN([MUMMY_C11_ATOMICS], [
AC_CACHE_CHECK([for C11 atomics], [mummy_cv_atomics], [
mummy_save_LIBS=$LIBS
mummy_cv_atomics=no
for mummy_try in "none needed" "-latomic"; do
  AS_IF([test "$mummy_try" = "-latomic"], [LIBS="-latomic $mummy_save_LIBS"])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <stdatomic.h>
#include <stdint.h>
static _Atomic uint64_t a; static _Atomic(void *) p;]],
    [[return (int)atomic_fetch_add(&a, 1) + (atomic_load(&p) != 0);]])],
    [mummy_cv_atomics=$mummy_try; break])
done
LIBS=$mummy_save_LIBS])
AS_CASE([$mummy_cv_atomics],
  [no], [AC_MSG_ERROR([a C11 compiler with <stdatomic.h> is needed])],
  [-latomic], [mummy_atomic_libs=-latomic],
  [mummy_atomic_libs=])
])

# MUMMY_WARNINGS(WERROR): sets WARN_CFLAGS to the warnings that the compiler knows.
AC_DEFUN([MUMMY_WARNINGS], [
WARN_CFLAGS=
for mummy_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2; do
  mummy_save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $mummy_flag"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [WARN_CFLAGS="$WARN_CFLAGS $mummy_flag"])
  CFLAGS=$mummy_save_CFLAGS
done
AS_IF([test "x$1" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
AC_SUBST([WARN_CFLAGS])
mummy_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror -fvisibility=hidden"
VISIBILITY_CFLAGS=
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [VISIBILITY_CFLAGS=-fvisibility=hidden])
CFLAGS=$mummy_save_CFLAGS
AC_SUBST([VISIBILITY_CFLAGS])
])

# MUMMY_VERSION_SCRIPT: the conditional HAVE_VERSION_SCRIPT.
AC_DEFUN([MUMMY_VERSION_SCRIPT], [
AC_CACHE_CHECK([whether the linker takes version scripts], [mummy_cv_version_script], [
mummy_save_LDFLAGS=$LDFLAGS
echo 'MUMMY_TEST { local: *; };' > conftest.map
LDFLAGS="$LDFLAGS -shared -fPIC -Wl,--version-script=conftest.map"
AC_LINK_IFELSE([AC_LANG_SOURCE([[int mummy_test(void); int mummy_test(void) { return 0; }]])],
  [mummy_cv_version_script=yes], [mummy_cv_version_script=no])
LDFLAGS=$mummy_save_LDFLAGS
rm -f conftest.map])
AM_CONDITIONAL([HAVE_VERSION_SCRIPT], [test "x$mummy_cv_version_script" = xyes])
])
