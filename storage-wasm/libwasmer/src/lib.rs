//! Wasmer's C API, as the static library that wasmer-go links: it loads and runs code that was compiled ahead of time,
//! and has no compiler.
//!
//! wasmer-go also names functions of features that are not in this build. To link it, they must exist; whoever calls one
//! learns its name, and the process ends.

pub use wasmer::*;

macro_rules! absent {
    ($($name:ident)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name() -> ! {
                eprintln!("{}: not in this build of Wasmer", stringify!($name));
                std::process::abort()
            }
        )*
    };
}

// WASI, and WebAssembly's text format.
absent! {
    wasi_config_arg
    wasi_config_capture_stderr
    wasi_config_capture_stdout
    wasi_config_env
    wasi_config_inherit_stderr
    wasi_config_inherit_stdin
    wasi_config_inherit_stdout
    wasi_config_mapdir
    wasi_config_new
    wasi_config_preopen_dir
    wasi_env_delete
    wasi_env_new
    wasi_env_read_stderr
    wasi_env_read_stdout
    wasi_get_start_function
    wasi_get_unordered_imports
    wasi_get_wasi_version
    wasmer_named_extern_module
    wasmer_named_extern_name
    wasmer_named_extern_unwrap
    wasmer_named_extern_vec_delete
    wasmer_named_extern_vec_new_empty
    wat2wasm
}
