/*
 * What a script gives as `mfa_code`: a function that core calls, from within
 * a call of AWS, when a role wants the code of an MFA device.
 */
#ifndef LUNL_MFA_H
#define LUNL_MFA_H

#include "lbase.h"

/*
 * Makes the value at SLOT, a function of the device's serial or a code itself,
 * what *FUNCTION calls with *DATA; leaves them alone if it is nil.  Raises, as
 * for argument ARG, if it is anything else.
 *
 * The value is the caller's to keep: as a user value of the session, and of
 * those that come from it.  Core may remember *DATA for longer; asked by it
 * then, *FUNCTION fails.
 */
void lunL_readmfa(lua_State *L, int slot, int arg, lun_mfa_function *function,
                  void **data);

/*
 * Says that calls of AWS are made for L from now on.  Raises where one is
 * under way already and waits for a code.
 */
void lunL_enter(lua_State *L);

#endif
