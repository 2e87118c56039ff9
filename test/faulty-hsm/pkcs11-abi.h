/* SPDX-License-Identifier: Apache-2.0
 *
 * As much of PKCS#11 v2.40's binary interface as forwarding needs, for platforms where CK_ULONG is an unsigned long and
 * structures have their natural alignment (all but Windows). Structures that are only passed on are void pointers.
 */
#ifndef SEALWRIGHT_PKCS11_ABI_H
#define SEALWRIGHT_PKCS11_ABI_H

typedef unsigned char CK_BYTE;
typedef unsigned char CK_BBOOL;
typedef unsigned long CK_ULONG;
typedef unsigned long CK_RV;

typedef struct {
  CK_ULONG mechanism;
  void *parameter;
  CK_ULONG parameter_bytes;
} CK_MECHANISM;

/* CK_GCM_PARAMS */
typedef struct {
  CK_BYTE *iv;
  CK_ULONG iv_bytes;
  CK_ULONG iv_bits;
  CK_BYTE *aad;
  CK_ULONG aad_bytes;
  CK_ULONG tag_bits;
} CK_GCM;

enum {
  CKR_OK = 0x0,
  CKR_GENERAL_ERROR = 0x5,
  CKR_ARGUMENTS_BAD = 0x7,
  CKR_DEVICE_REMOVED = 0x32,
  CKR_TOKEN_NOT_PRESENT = 0xe0,
  CKR_BUFFER_TOO_SMALL = 0x150,
  CKM_AES_GCM = 0x1087,
};

typedef struct function_list FUNCTION_LIST;

/* Functions of the same shape, all in terms of FN. */
#define INIT(name, on) FN(name, on, (CK_ULONG session, CK_MECHANISM *mechanism, CK_ULONG key), (session, mechanism, key))
#define CRYPT(name, on)                                                                                        \
  FN(name, on, (CK_ULONG session, CK_BYTE *in, CK_ULONG ins, CK_BYTE *out, CK_ULONG *outs), (session, in, ins, out, outs))
#define GIVE(name, on) FN(name, on, (CK_ULONG session, CK_BYTE *in, CK_ULONG ins), (session, in, ins))
#define TAKE(name, on) FN(name, on, (CK_ULONG session, CK_BYTE *out, CK_ULONG *outs), (session, out, outs))

/* CK_FUNCTION_LIST: a version of two bytes, then the functions. */
struct function_list {
  CK_BYTE major, minor;
#define FN(name, on, parameters, arguments) CK_RV(*name) parameters;
#define LIST(name) CK_RV(*name)(FUNCTION_LIST **list);
#include "functions.def"
#undef FN
#undef LIST
};

#endif
