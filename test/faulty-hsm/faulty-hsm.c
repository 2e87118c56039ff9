/* SPDX-License-Identifier: Apache-2.0
 *
 * A PKCS#11 module that forwards to another one (FAULTY_HSM_FORWARD) and misbehaves as a control file says
 * (FAULTY_HSM_CONTROL, see control.c). For tests only.
 */
#include "control.h"
#include "gcm-nonce.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the first argument of a function names. */
enum subject { LIBRARY, TOKEN, SESSION };

static FUNCTION_LIST *to;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long removals_seen;

static void sleep_ms(unsigned long ms) {
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

static void close_all_sessions(void) {
  CK_ULONG slots[64], count = 64;
  if (to->C_GetSlotList(1, slots, &count) != CKR_OK) return;
  for (CK_ULONG at = 0; at < count; at++) to->C_CloseAllSessions(slots[at]);
}

/* A token that was pulled out took its sessions with it. */
static CK_RV without_token(const struct control *control, enum subject subject) {
  pthread_mutex_lock(&lock);
  int pulled = control->removals != removals_seen;
  removals_seen = control->removals;
  pthread_mutex_unlock(&lock);
  if (pulled) close_all_sessions();
  if (!control->token_removed || subject == LIBRARY) return CKR_OK;
  return subject == TOKEN ? CKR_TOKEN_NOT_PRESENT : CKR_DEVICE_REMOVED;
}

static CK_RV act(const struct rule *rule, CK_ULONG session) {
  switch (rule->action) {
    case COUNT:
      break;
    case DELAY:
      sleep_ms(rule->argument);
      break;
    case HANG:
      while (control_has(rule->id)) sleep_ms(5);
      break;
    case FAIL:
      return rule->argument;
    case CRASH:
      signal(SIGSEGV, SIG_DFL);
      raise(SIGSEGV);
      break;
    case DROP_SESSION:
      to->C_CloseSession(session);
      break;
    case DROP_SESSIONS:
      close_all_sessions();
      break;
    case LOG_OUT:
      to->C_Logout(session);
      break;
  }
  return CKR_OK;
}

/* What goes wrong before `function` is forwarded; CKR_OK when it shall be. */
static CK_RV before(const char *function, enum subject subject, CK_ULONG session) {
  struct control control;
  control_read(&control);
  CK_RV result = without_token(&control, subject);
  for (int at = 0; at < control.count && result == CKR_OK; at++) {
    const struct rule *rule = &control.rules[at];
    if (rule->action >= DROP_SESSION && subject != SESSION) continue;
    if (control_applies(rule, function)) result = act(rule, session);
  }
  return result;
}

/* The module forwarded to, with a few functions that change what goes in or comes out. */
static FUNCTION_LIST inner;

static CK_RV slots_without_token(CK_BBOOL present, CK_ULONG *slots, CK_ULONG *count) {
  struct control control;
  control_read(&control);
  if (!control.token_removed || !present) return to->C_GetSlotList(present, slots, count);
  *count = 0;
  return CKR_OK;
}

static CK_RV encrypt_init(CK_ULONG session, CK_MECHANISM *mechanism, CK_ULONG key) {
  struct control control;
  control_read(&control);
  return gcm_encrypt_init(to, control.gcm_nonce, session, mechanism, key);
}

static CK_RV encrypt(CK_ULONG session, CK_BYTE *in, CK_ULONG ins, CK_BYTE *out, CK_ULONG *outs) {
  struct control control;
  control_read(&control);
  return gcm_encrypt(to, control.gcm_nonce, session, in, ins, out, outs);
}

#define FIRST(first, ...) ((CK_ULONG)(first))
#define FN(name, on, parameters, arguments)             \
  static CK_RV faulty_##name parameters {               \
    CK_RV result = before(#name, on, FIRST arguments);  \
    return result != CKR_OK ? result : inner.name arguments; \
  }
#define LIST(name)
#include "functions.def"
#undef FN
#undef LIST

CK_RV C_GetFunctionList(FUNCTION_LIST **list);

static FUNCTION_LIST faulty = {
    .major = 2,
    .minor = 40,
#define FN(name, on, parameters, arguments) .name = faulty_##name,
#define LIST(name) .name = name,
#include "functions.def"
#undef FN
#undef LIST
};

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(FUNCTION_LIST **list) {
  const char *path = getenv("FAULTY_HSM_FORWARD");
  void *module = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  CK_RV (*get)(FUNCTION_LIST **) = module == NULL ? NULL : (CK_RV(*)(FUNCTION_LIST **))dlsym(module, "C_GetFunctionList");
  if (list == NULL) return CKR_ARGUMENTS_BAD;
  if (get == NULL || get(&to) != CKR_OK) return CKR_GENERAL_ERROR;
  inner = *to;
  inner.C_GetSlotList = slots_without_token;
  inner.C_EncryptInit = encrypt_init;
  inner.C_Encrypt = encrypt;
  *list = &faulty;
  return CKR_OK;
}
