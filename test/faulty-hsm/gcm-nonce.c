/* SPDX-License-Identifier: Apache-2.0 */
#include "gcm-nonce.h"

#include <pthread.h>
#include <string.h>

enum { NONCE_BYTES = 12, SESSIONS = 1024 };

/* The nonce of the operation that each session has under way. */
static struct {
  int active;
  CK_BYTE nonce[NONCE_BYTES];
} made[SESSIONS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

CK_RV gcm_encrypt_init(const FUNCTION_LIST *to, enum gcm_nonce how, CK_ULONG session, CK_MECHANISM *mechanism, CK_ULONG key) {
  if (how == NONCE_GIVEN || mechanism->mechanism != CKM_AES_GCM) return to->C_EncryptInit(session, mechanism, key);
  CK_GCM parameter = *(CK_GCM *)mechanism->parameter;
  CK_BYTE *given = parameter.iv;
  CK_BYTE nonce[NONCE_BYTES];
  to->C_GenerateRandom(session, nonce, NONCE_BYTES);
  parameter.iv = nonce;
  parameter.iv_bytes = NONCE_BYTES;
  parameter.iv_bits = NONCE_BYTES * 8;
  CK_MECHANISM own = {mechanism->mechanism, &parameter, sizeof parameter};
  CK_RV result = to->C_EncryptInit(session, &own, key);
  if (result != CKR_OK) return result;
  pthread_mutex_lock(&lock);
  made[session % SESSIONS].active = 1;
  memcpy(made[session % SESSIONS].nonce, nonce, NONCE_BYTES);
  pthread_mutex_unlock(&lock);
  if (how == NONCE_WRITTEN_BACK && given != NULL) memcpy(given, nonce, NONCE_BYTES);
  return CKR_OK;
}

CK_RV gcm_encrypt(const FUNCTION_LIST *to, enum gcm_nonce how, CK_ULONG session, CK_BYTE *in, CK_ULONG ins, CK_BYTE *out,
                  CK_ULONG *outs) {
  CK_BYTE nonce[NONCE_BYTES];
  pthread_mutex_lock(&lock);
  int active = made[session % SESSIONS].active && out != NULL;
  if (out != NULL) made[session % SESSIONS].active = 0;
  memcpy(nonce, made[session % SESSIONS].nonce, NONCE_BYTES);
  pthread_mutex_unlock(&lock);
  if (!active || how == NONCE_GIVEN || how == NONCE_WRITTEN_BACK) return to->C_Encrypt(session, in, ins, out, outs);
  if (*outs < NONCE_BYTES) return CKR_BUFFER_TOO_SMALL;
  CK_ULONG room = *outs - NONCE_BYTES;
  CK_BYTE *text = how == NONCE_PREPENDED ? out + NONCE_BYTES : out;
  CK_RV result = to->C_Encrypt(session, in, ins, text, &room);
  if (result != CKR_OK) return result;
  memcpy(how == NONCE_PREPENDED ? out : out + room, nonce, NONCE_BYTES);
  *outs = room + NONCE_BYTES;
  return CKR_OK;
}
