/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays devices that take no nonce for AES-GCM and make their own: they write it into the parameter, or put it behind or
 * in front of the ciphertext.
 */
#ifndef SEALWRIGHT_FAULTY_GCM_NONCE_H
#define SEALWRIGHT_FAULTY_GCM_NONCE_H

#include "control.h"

CK_RV gcm_encrypt_init(const FUNCTION_LIST *to, enum gcm_nonce how, CK_ULONG session, CK_MECHANISM *mechanism, CK_ULONG key);
CK_RV gcm_encrypt(const FUNCTION_LIST *to, enum gcm_nonce how, CK_ULONG session, CK_BYTE *in, CK_ULONG ins, CK_BYTE *out,
                  CK_ULONG *outs);

#endif
