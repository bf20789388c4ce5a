/* The header that wasmer-go 1.0.4 includes: Wasmer's own, and what wasmer-go expects of it by its names of 2021.
 *
 * wasmer-go calls few of these functions, but names them all. What this build of Wasmer does not have is declared here
 * and defined in src/lib.rs. */

#ifndef SEALIFT_WASMER_H
#define SEALIFT_WASMER_H

/* Declare what these features of Wasmer have, with two exceptions: they take other parameters now. */
#define WASMER_WASI_ENABLED
#define wasi_env_new wasi_env_new_of_this_version
#define wasi_get_unordered_imports wasi_get_unordered_imports_of_this_version
#include "wasmer_c_api.h"
#undef wasi_env_new
#undef wasi_get_unordered_imports

wasi_env_t *wasi_env_new(wasi_config_t *config);
bool wasi_get_unordered_imports(const wasm_store_t *store, const wasm_module_t *module, const wasi_env_t *env,
                                wasmer_named_extern_vec_t *imports);

void wat2wasm(const wasm_byte_vec_t *wat, wasm_byte_vec_t *out);

/* Compilers are backends now. */
typedef wasmer_backend_t wasmer_compiler_t;
#define wasm_config_set_compiler wasm_config_set_backend
#define wasmer_is_compiler_available wasmer_is_backend_available

/* There is only one engine now. */
typedef enum wasmer_engine_t { UNIVERSAL, DYLIB } wasmer_engine_t;

static inline void wasm_config_set_engine(wasm_config_t *config, enum wasmer_engine_t engine) {
  (void)config;
  (void)engine;
}

static inline bool wasmer_is_engine_available(enum wasmer_engine_t engine) { return engine == UNIVERSAL; }

#define WASM_ANYREF WASM_EXTERNREF

#endif
