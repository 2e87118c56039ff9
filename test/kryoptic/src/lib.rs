// SPDX-License-Identifier: Apache-2.0
//! Gives the token the one symbol that PKCS#11 asks for.
use kryoptic_lib::fns::general::fn_get_function_list;
use kryoptic_lib::pkcs11::{CK_FUNCTION_LIST_PTR_PTR, CK_RV};

#[no_mangle]
#[allow(non_snake_case)]
pub extern "C" fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    fn_get_function_list(list)
}
