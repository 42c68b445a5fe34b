//! The library as a host in C sees it: what it exports, how it answers nonsense, and a scenario played by a host in C.

use libloading::Library;
use loopstart::provider::LineErr;
use loopstart::tspi::{OPERATIONS, Operation};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The library that cargo built with this test.
fn library() -> PathBuf {
    let exe = std::env::current_exe().expect("the test's own path");
    let deps = exe.parent().expect("the test is in a directory");
    let places = [Some(deps), deps.parent()];
    let found = places.into_iter().flatten().map(|d| d.join("libloopstart.so")).find(|p| p.is_file());
    found.unwrap_or_else(|| panic!("no libloopstart.so in {} or above", deps.display()))
}

/// Names that an ELF file (64 bits, of this machine) exports.
fn exported(path: &Path) -> BTreeSet<String> {
    let file = std::fs::read(path).unwrap();
    let word = |at: usize, size: usize| {
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&file[at..at + size]);
        u64::from_le_bytes(bytes) as usize
    };
    assert_eq!(&file[..6], b"\x7fELF\x02\x01", "a little-endian ELF file of 64 bits");
    let (table, entry, count) = (word(0x28, 8), word(0x3a, 2), word(0x3c, 2));
    let section = |n: usize| table + n * entry;
    const DYNSYM: usize = 11;
    let symbols = (0..count).map(section).find(|s| word(s + 4, 4) == DYNSYM).expect("dynamic symbols");
    let strings = word(section(word(symbols + 0x28, 4)) + 0x18, 8);
    let (start, size) = (word(symbols + 0x18, 8), word(symbols + 0x20, 8));
    (start..start + size)
        .step_by(24)
        .filter(|s| word(s + 6, 2) != 0)
        .map(|s| {
            let name = strings + word(s, 4);
            let end = name + file[name..].iter().position(|b| *b == 0).unwrap();
            String::from_utf8(file[name..end].to_vec()).unwrap()
        })
        .collect()
}

#[test]
fn it_exports_the_published_names_and_nothing_else() {
    let published: BTreeSet<String> =
        include_str!("data/exports.txt").lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
    assert_eq!(published.len(), 114);
    assert_eq!(exported(&library()), published);
}

/// The library, loaded without devices, and used by one test at a time: it has one state in a process.
fn loaded() -> MutexGuard<'static, Library> {
    static LIBRARY: OnceLock<Mutex<Library>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        // SAFETY: done once, before anything reads these variables; the other tests of this file do not use the environment
        // but through the standard library, which orders these accesses.
        unsafe {
            std::env::set_var("LOOPSTART_DEVICES", "");
            std::env::remove_var("LOOPSTART_CONFIG");
            std::env::remove_var("LOOPSTART_EMULATED");
        }
        // SAFETY: our own library; loading it runs no code of its own.
        Mutex::new(unsafe { Library::new(library()) }.expect("the library loads"))
    });
    library.lock().unwrap_or_else(PoisonError::into_inner)
}

type Twelve =
    unsafe extern "C" fn(usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize, usize) -> i32;

/// Calls an operation with any arguments. The calling conventions of 64-bit Linux (SysV on x86-64, AAPCS64) pass integers and
/// pointers alike, each in a place of eight bytes, and the callee ignores what it did not ask for.
fn call(library: &Library, name: &str, arguments: &[usize]) -> i32 {
    let mut a = [0; 12];
    a[..arguments.len()].copy_from_slice(arguments);
    // SAFETY: the function exists with at most twelve parameters, all integers or pointers.
    unsafe {
        let function = library.get::<Twelve>(name.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        function(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11])
    }
}

unsafe extern "C" fn completion(_: u32, _: i32) {}
unsafe extern "C" fn event(_: usize, _: usize, _: u32, _: usize, _: usize, _: usize) {}

fn completion_pointer() -> usize {
    completion as unsafe extern "C" fn(u32, i32) as usize
}

fn event_pointer() -> usize {
    event as unsafe extern "C" fn(usize, usize, u32, usize, usize, usize) as usize
}

fn address<T>(place: &mut T) -> usize {
    std::ptr::from_mut(place).expose_provenance()
}

/// A sequence of numbers that look random (xorshift64*, Marsaglia and Vigna).
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.next() % all.len()]
    }

    /// A number that is often on an edge.
    fn number(&mut self) -> usize {
        let edges = [0, 1, 2, 4, 8, 0x10003, 0x20000, 0x20002, 0x30001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
        if self.next().is_multiple_of(2) { self.one_of(&edges) } else { self.next() & 0xffff_ffff }
    }

    fn handle(&mut self) -> usize {
        let forms = [0, 1, 0x4000_0000, 0x4000_0001, 0x5000_0000, 0x5000_0001, 0x4fff_ffff, usize::MAX];
        match self.next() % 3 {
            0 => self.one_of(&forms),
            1 => self.one_of(&[0x4000_0000, 0x5000_0000]) | self.next() & 0x0fff_ffff,
            _ => self.next(),
        }
    }
}

/// Memory for any structure or string: a size in front, a NUL at the end.
const ROOM: usize = 4096;

fn nonsense(random: &mut Random, operation: &Operation, room: &mut [u32; ROOM / 4]) -> Vec<usize> {
    room.fill_with(|| random.number() as u32);
    room[0] = (random.next() % (ROOM + 1)) as u32;
    room[ROOM / 4 - 1] = 0;
    let memory = room.as_mut_ptr().expose_provenance();
    let argument = |p: &loopstart::tspi::Parameter| match p.ty {
        // What a host says about its own memory is true.
        "DWORD" if p.name.starts_with("dwSize") => random.next() % (ROOM / 2),
        "DWORD" if p.name.ends_with("NumEntries") || p.name == "dwNumTones" => random.next() % (ROOM / 32),
        "DRV_REQUESTID" | "DWORD" | "DWORD_PTR" => random.number(),
        "LINEEVENT" => random.one_of(&[0, event_pointer()]),
        "ASYNC_COMPLETION" => random.one_of(&[0, completion_pointer()]),
        "PHONEEVENT" => 0,
        ty if ty.starts_with("LP") => random.one_of(&[0, memory]),
        _ => random.handle(),
    };
    operation.parameters.iter().map(argument).collect()
}

fn fuzz(library: &Library, seed: u64) {
    let mut random = Random(seed);
    let mut room = [0; ROOM / 4];
    for _ in 0..200 {
        for operation in OPERATIONS {
            let lifecycle = ["TSPI_providerEnumDevices", "TSPI_providerInit", "TSPI_providerShutdown"];
            if lifecycle.contains(&operation.name) {
                continue;
            }
            let arguments = nonsense(&mut random, operation, &mut room);
            let answer = call(library, operation.name, &arguments);
            assert!(answer <= 0, "{} answers {answer:#x} to {arguments:x?}", operation.name);
            if let Some((error, _)) = operation.refused {
                assert_eq!(answer, error, "{}", operation.name);
            } else if answer != 0 {
                assert!(LineErr::from_code(answer).is_some(), "{} answers {answer:#x}", operation.name);
            }
        }
    }
}

/// Every handle is stale or made up: each operation that takes one says so, before any other fault. Those with a selector
/// are told by it which handle counts.
fn handles(library: &Library) {
    let mut random = Random(0x5eed);
    let mut room = [0; ROOM / 4];
    let selects = |o: &&Operation| o.parameters.iter().any(|p| p.name == "dwSelect");
    for operation in OPERATIONS.iter().filter(|o| o.refused.is_none() && !selects(o)) {
        let Some(place) = operation.parameters.iter().position(|p| matches!(p.ty, "HDRVLINE" | "HDRVCALL")) else {
            continue;
        };
        for _ in 0..50 {
            let mut arguments = nonsense(&mut random, operation, &mut room);
            if operation.asynchronous {
                arguments[0] = 1;
            }
            let error = match (operation.name, operation.parameters[place].ty) {
                ("TSPI_linePrepareAddToConference", _) => LineErr::INVALCONFCALLHANDLE,
                // Without a call, the line counts.
                ("TSPI_lineSetupConference", _) if arguments[place] == 0 && arguments[place + 1] != 0 => {
                    LineErr::INVALLINEHANDLE
                }
                (_, "HDRVLINE") => LineErr::INVALLINEHANDLE,
                _ => LineErr::INVALCALLHANDLE,
            };
            assert_eq!(call(library, operation.name, &arguments), error.code(), "{} {arguments:x?}", operation.name);
        }
    }
}

#[test]
fn nonsense_is_answered_with_an_error_in_every_phase() {
    let library = loaded();
    fuzz(&library, 1);
    init(&library);
    fuzz(&library, 2);
    handles(&library);
    shutdown(&library);
    fuzz(&library, 3);
}

const VERSION: usize = 0x0002_0002;

fn init(library: &Library) {
    let (mut lines, mut phones, mut options) = (7_u32, 7_u32, 7_u32);
    let enumerate = [1, address(&mut lines), address(&mut phones), 0, event_pointer(), 0];
    assert_eq!(call(library, "TSPI_providerEnumDevices", &enumerate), 0);
    assert_eq!((lines, phones), (0, 0));
    let start = [VERSION, 1, 0, 0, 0, 0, completion_pointer(), address(&mut options)];
    assert_eq!(call(library, "TSPI_providerInit", &start), 0);
    assert_eq!(options & 1, 0, "every function is reentrant");
}

fn shutdown(library: &Library) {
    assert_eq!(call(library, "TSPI_providerShutdown", &[VERSION, 1]), 0);
}

#[test]
fn versions() {
    let library = loaded();
    let mut version = 0_u32;
    let mut negotiate = |low, high| {
        version = 0xdead;
        let answer = call(&library, "TSPI_lineNegotiateTSPIVersion", &[0xffff_ffff, low, high, address(&mut version)]);
        (answer, version)
    };
    let none = (LineErr::INCOMPATIBLEAPIVERSION.code(), 0xdead);
    assert_eq!(negotiate(0x1_0003, 0x3_0001), (0, 0x2_0002));
    assert_eq!(negotiate(0x2_0000, 0x2_0000), (0, 0x2_0000));
    assert_eq!(negotiate(0x2_0001, 0x2_0001), (0, 0x2_0001));
    assert_eq!(negotiate(0x1_0003, 0x2_0001), (0, 0x2_0001));
    assert_eq!(negotiate(0x2_0002, 0xffff_ffff), (0, 0x2_0002));
    assert_eq!(negotiate(0x1_0003, 0x1_0004), none);
    assert_eq!(negotiate(0x3_0000, 0x3_0001), none);
    assert_eq!(negotiate(0x2_0002, 0x2_0000), none, "upside down");
    assert_eq!(
        call(&library, "TSPI_lineNegotiateTSPIVersion", &[0xffff_ffff, 0x2_0000, 0x2_0002, 0]),
        LineErr::INVALPOINTER.code()
    );
    for name in ["TSPI_providerInstall", "TSPI_providerConfig", "TSPI_providerRemove"] {
        assert_eq!(call(&library, name, &[0, 1]), 0, "{name}: nothing to be done");
    }
    init(&library);
    let mut version = 0_u32;
    let foreign = [5, 0x2_0000, 0x2_0002, address(&mut version)];
    assert_eq!(call(&library, "TSPI_lineNegotiateTSPIVersion", &foreign), LineErr::BADDEVICEID.code());
    shutdown(&library);
}

#[test]
fn life_and_death() {
    let library = loaded();
    let uninitialized = LineErr::UNINITIALIZED.code();
    let mut room = [0_u32; 256];
    room[0] = 1024;
    assert_eq!(call(&library, "TSPI_providerShutdown", &[VERSION, 1]), uninitialized);
    assert_eq!(call(&library, "TSPI_lineGetDevCaps", &[0, VERSION, 0, address(&mut room)]), uninitialized);
    assert_eq!(call(&library, "TSPI_lineDrop", &[1, 0x5000_0001, 0, 0]), uninitialized);

    let (mut place, mut options) = (0_u32, 0_u32);
    let null = LineErr::INVALPOINTER.code();
    let somewhere = address(&mut place);
    assert_eq!(call(&library, "TSPI_providerEnumDevices", &[1, 0, somewhere, 0, event_pointer(), 0]), null);
    assert_eq!(call(&library, "TSPI_providerEnumDevices", &[1, somewhere, 0, 0, event_pointer(), 0]), null);
    let options = address(&mut options);
    let start = |version, completion, options| {
        call(&library, "TSPI_providerInit", &[version, 1, 0, 0, 0, 0, completion, options])
    };
    assert_eq!(start(VERSION, 0, options), null);
    assert_eq!(start(VERSION, completion_pointer(), 0), null);
    assert_eq!(start(0x3_0000, completion_pointer(), options), LineErr::INCOMPATIBLEAPIVERSION.code());
    for _ in 0..3 {
        assert_eq!(start(VERSION, completion_pointer(), options), 0, "without enumerating before");
        assert_eq!(start(VERSION, completion_pointer(), options), 0, "one more init changes nothing");
        let caps = [0, VERSION, 0, address(&mut room)];
        assert_eq!(call(&library, "TSPI_lineGetDevCaps", &caps), LineErr::BADDEVICEID.code(), "there are no devices");
        shutdown(&library);
        assert_eq!(call(&library, "TSPI_providerShutdown", &[VERSION, 1]), uninitialized, "a pair is a pair");
    }
}

/// Compiles and runs `c/host.c` against the library. None without a C compiler.
fn c_host(directory: &Path) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = library();
    let beside = library.parent().unwrap().display().to_string();
    let host = directory.join("host");
    let compiled = std::process::Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-pthread", "-I"])
        .arg(root.join("include"))
        .arg(root.join("tests/c/host.c"))
        .args(["-o".as_ref(), host.as_os_str()])
        .args([format!("-L{beside}"), "-lloopstart".into(), format!("-Wl,-rpath,{beside}")])
        .output();
    match compiled {
        Err(error) => {
            aloud(&format!("SKIPPED: no C compiler ({error})"));
            None
        }
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(host)
        }
    }
}

#[test]
fn a_host_in_c_makes_its_calls() {
    let directory = tempfile::tempdir().unwrap();
    let Some(host) = c_host(directory.path()) else { return };
    let run = std::process::Command::new(host)
        .env("LOOPSTART_DEVICES", "emulated:0,emulated:1")
        .env("LOOPSTART_EMULATED", "country=us,speed=10")
        .env_remove("LOOPSTART_CONFIG")
        .env_remove("LOOPSTART_LOG")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{}:\n{said}\n{}", run.status, String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("done: "), "{said}");
    assert!(run.stderr.is_empty(), "the library is silent: {}", String::from_utf8_lossy(&run.stderr));
}

/// Says it past the test runner, which hides what passing tests print.
fn aloud(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
