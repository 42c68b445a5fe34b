//! The other programs: found or not, run, and fed with samples.

use std::io::Write as _;
use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that goes when nobody needs it any more.
pub(crate) struct Temporary(String);

impl Temporary {
    /// A new name; there is no file yet.
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        Self(directory.join(format!("foreign-{}-{n}-{name}", std::process::id())).to_string_lossy().into_owned())
    }
}

impl Deref for Temporary {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may never have come to be.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Says aloud that a test was left out: past the capture of the test harness.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Whether all of these programs are there; says so aloud when not.
pub(crate) fn have(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|p| Command::new(p).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err())
        .collect();
    if !missing.is_empty() {
        skipped(&format!("not installed: {}", missing.join(", ")));
    }
    missing.is_empty()
}

/// What a program writes; it must not fail.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let out = Command::new(program).args(arguments).output().expect("the program starts");
    assert!(out.status.success(), "{program} {arguments:?}: {}\n{}", out.status, String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// What a program writes, as text.
pub(crate) fn text(program: &str, arguments: &[&str]) -> String {
    String::from_utf8_lossy(&run(program, arguments)).into_owned()
}

/// The program of `spandsp.c`; `None`, aloud, where there is no compiler or no libspandsp.
pub(crate) fn spandsp() -> Option<&'static str> {
    static BUILT: OnceLock<Result<String, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/spandsp.c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-spandsp");
        // Under a name of its own first: another run may be at it too.
        let built = Temporary::new("spandsp");
        let out = Command::new("cc")
            .args(["-O1", "-o", &*built])
            .arg(&source)
            .args(["-lspandsp", "-lm"])
            .output()
            .map_err(|e| format!("no C compiler: {e}"))?;
        if !out.status.success() {
            let errors = String::from_utf8_lossy(&out.stderr).into_owned();
            // With the library there, the program must compile.
            assert!(!Path::new("/usr/include/spandsp.h").exists(), "spandsp.c does not compile:\n{errors}");
            return Err("no libspandsp with headers".into());
        }
        std::fs::rename(&*built, &program).map_err(|e| e.to_string())?;
        Ok(program.to_string_lossy().into_owned())
    });
    match built {
        Ok(program) => Some(program),
        Err(why) => {
            skipped(why);
            None
        }
    }
}

/// Raw samples in a file.
pub(crate) fn raw(name: &str, samples: &[i16]) -> Temporary {
    let path = Temporary::new(name);
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_ne_bytes()).collect();
    std::fs::write(&*path, bytes).expect("the file is written");
    path
}

/// Samples in a WAV file: PCM, 16 bits, 8000 a second.
pub(crate) fn wav(name: &str, samples: &[i16]) -> Temporary {
    let data = samples.len() as u32 * 2;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((data + 36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(16_000u32.to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(data.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    let path = Temporary::new(name);
    std::fs::write(&*path, bytes).expect("the file is written");
    path
}

/// Samples of raw bytes in the machine's order.
pub(crate) fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|b| i16::from_ne_bytes([b[0], b[1]])).collect()
}

/// Samples of a WAV file at 8000 Hz, mono: PCM of 16 bits, or mu-law.
pub(crate) fn read_wav(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(&bytes[..4], b"RIFF");
    let (mut at, mut format) = (12, 0);
    while at + 8 <= bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().expect("four bytes")) as usize;
        let body = &bytes[at + 8..(at + 8 + length).min(bytes.len())];
        match &bytes[at..at + 4] {
            b"fmt " => {
                format = u16::from_le_bytes([body[0], body[1]]);
                assert_eq!((body[2], &body[4..8]), (1, &8000u32.to_le_bytes()[..]), "mono, 8000 Hz");
            }
            b"data" if format == 7 => {
                return body.iter().map(|b| loopstart_signal::g711::ulaw_decode(*b)).collect();
            }
            b"data" => {
                assert_eq!(format, 1, "PCM or mu-law");
                return body.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
            }
            _ => {}
        }
        at += 8 + length + length % 2;
    }
    panic!("{}: no data", path.display());
}

/// Has sox make a WAV file of 8000 Hz from its arguments after `-n`, and reads it.
pub(crate) fn sox(name: &str, arguments: &[&str]) -> Vec<i16> {
    let path = Temporary::new(name);
    let mut all = vec!["-R", "-n", "-r", "8000", "-b", "16", "-c", "1", &*path];
    all.extend(arguments);
    run("sox", &all);
    read_wav(Path::new(&*path))
}
