/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEALWRIGHT_FAULTY_CONTROL_H
#define SEALWRIGHT_FAULTY_CONTROL_H

#include "pkcs11-abi.h"

enum action { COUNT, DELAY, HANG, FAIL, CRASH, DROP_SESSION, DROP_SESSIONS, LOG_OUT };
enum gcm_nonce { NONCE_GIVEN, NONCE_WRITTEN_BACK, NONCE_APPENDED, NONCE_PREPENDED };

/* One thing that is to go wrong: `id` names its counter, which all processes share. */
struct rule {
  unsigned id;
  char function[32];
  enum action action;
  unsigned long argument;
  unsigned long times; /* 0: always */
  unsigned long every; /* 1: each call, n: each n-th */
};

enum { MOST_RULES = 64 };

struct control {
  struct rule rules[MOST_RULES];
  int count;
  int token_removed;
  unsigned long removals;
  enum gcm_nonce gcm_nonce;
};

/* What the control file says now. Read again only when the file was replaced. */
void control_read(struct control *into);

/* Whether a call of `function` falls under `rule`; counts it, in the file that all processes share. */
int control_applies(const struct rule *rule, const char *function);

/* Whether the rule with this number still stands. */
int control_has(unsigned id);

#endif
