//! Compiles a WebAssembly module to native code, ahead of time:
//!
//! ```text
//! aot MODULE.wasm DIRECTORY
//! ```
//!
//! For each of [`VARIANTS`] this writes two files. `MODULE.VARIANT.wasmu.zst` is the code as Wasmer serializes it, in a
//! zstd frame. `MODULE.VARIANT.json` is its record: the SHA-256 of the module that it was made from and its own, its
//! length when decompressed, and what it needs to run.
//!
//! The same module, Wasmer and LLVM give the same bytes.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmer::Module;
use wasmer::sys::{CpuFeature, EngineBuilder, Target, Triple};
use wasmer_compiler_llvm::{LLVM, LLVMOptLevel};

/// A kind of machine to compile for.
struct Variant {
    name: &'static str,
    triple: &'static str,
    features: &'static [&'static [CpuFeature]],
}

/// The machines that Sealift has native code for; every other one interprets or compiles the module itself. The levels
/// of x86-64 are those of its psABI, as far as Wasmer knows their features.
const VARIANTS: [Variant; 4] = [
    Variant { name: "x86-64-v2", triple: "x86_64-unknown-linux-gnu", features: &[X86_64_V2] },
    Variant { name: "x86-64-v3", triple: "x86_64-unknown-linux-gnu", features: &[X86_64_V2, X86_64_V3] },
    Variant {
        name: "x86-64-v4",
        triple: "x86_64-unknown-linux-gnu",
        features: &[X86_64_V2, X86_64_V3, X86_64_V4],
    },
    Variant { name: "aarch64", triple: "aarch64-unknown-linux-gnu", features: &[&[CpuFeature::NEON]] },
];

const X86_64_V2: &[CpuFeature] = &[
    CpuFeature::SSE2,
    CpuFeature::SSE3,
    CpuFeature::SSSE3,
    CpuFeature::SSE41,
    CpuFeature::SSE42,
    CpuFeature::POPCNT,
];

/// What a level adds to the one before.
const X86_64_V3: &[CpuFeature] = &[
    CpuFeature::AVX,
    CpuFeature::AVX2,
    CpuFeature::BMI1,
    CpuFeature::BMI2,
    CpuFeature::FMA,
    CpuFeature::LZCNT,
];
const X86_64_V4: &[CpuFeature] = &[CpuFeature::AVX512F, CpuFeature::AVX512DQ, CpuFeature::AVX512VL];

/// Slow to write, no slower to read, and the code is read at every start.
const ZSTD_LEVEL: i32 = 22;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, directory] = arguments.as_slice() else {
        return Err("usage: aot MODULE.wasm DIRECTORY".into());
    };
    let stem = module.file_stem().ok_or("the module has no file name")?.to_string_lossy();
    let wasm = fs::read(module)?;
    for variant in &VARIANTS {
        let code = variant.compile(&wasm)?;
        let packed = zstd::bulk::compress(&code, ZSTD_LEVEL)?;
        let file = directory.join(format!("{stem}.{}.wasmu.zst", variant.name));
        write(&file, &packed)?;
        let record = variant.record(&wasm, &code, &packed);
        write(&directory.join(format!("{stem}.{}.json", variant.name)), record.as_bytes())?;
        println!("{}: {} bytes, {} decompressed", file.display(), packed.len(), code.len());
    }
    Ok(())
}

fn write(file: &Path, content: &[u8]) -> Result<(), String> {
    fs::write(file, content).map_err(|error| format!("write {}: {error}", file.display()))
}

impl Variant {
    /// Compiles `wasm`.
    ///
    /// By default Wasmer marks every access to linear memory as volatile, so that a load whose result is not used still
    /// traps where it must. Sealift's routines do not rely on traps, and without that LLVM may merge and move accesses.
    fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
        let triple: Triple = self.triple.parse().map_err(|error| format!("{}: {error}", self.triple))?;
        let target = Target::new(triple, self.features.concat().into_iter().collect());
        let mut compiler = LLVM::new();
        compiler.opt_level(LLVMOptLevel::Aggressive).non_volatile_memops(true).readonly_funcref_table(true);
        let engine = EngineBuilder::new(compiler).set_target(Some(target)).engine();
        let module = Module::new(&wasmer::Engine::from(engine), wasm)?;
        Ok(module.serialize()?.to_vec())
    }

    /// Describes `code`, compiled from `wasm`, and `packed`, which it was compressed to, in JSON.
    fn record(&self, wasm: &[u8], code: &[u8], packed: &[u8]) -> String {
        let features: Vec<String> =
            self.features.concat().iter().map(|feature| format!("\"{feature}\"")).collect();
        let (major, minor, patch) = inkwell::support::get_llvm_version();
        let mut json = String::new();
        let _ = writeln!(json, "{{");
        let _ = writeln!(json, "  \"wasm_sha256\": \"{}\",", sha256(wasm));
        let _ = writeln!(json, "  \"sha256\": \"{}\",", sha256(packed));
        let _ = writeln!(json, "  \"size\": {},", code.len());
        let _ = writeln!(json, "  \"target\": \"{}\",", self.triple);
        let _ = writeln!(json, "  \"features\": [{}],", features.join(", "));
        let _ = writeln!(json, "  \"wasmer\": \"{}\",", wasmer_types::VERSION);
        let _ = writeln!(json, "  \"llvm\": \"{major}.{minor}.{patch}\"");
        let _ = writeln!(json, "}}");
        json
    }
}

/// The SHA-256 of `bytes` in lower-case hex.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
