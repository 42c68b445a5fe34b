//! The emulated modem under programs that were written for real ones: mgetty's `vm` and `vgetty`, which talk V.253 as their
//! authors found it on real modems. Real time, because they sleep.

use loopstart_hal::exchange::{EmulatedExchange, LineKind, ServeSettings};
use loopstart_signal::country::US;
use std::f32::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RATE: u32 = 8_000;
/// Amplitude of test tones.
const AMPLITUDE: f32 = 8_000.0;

/// A program that is ended with the test, whatever happens.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap_or_else(|e| panic!("{program}: {e}")))
    }

    /// Waits for a normal end.
    fn succeeds(mut self, what: &str) {
        let ended = wait(what, 40, || self.0.try_wait().expect("it is our child"));
        assert!(ended.success(), "{what}: {ended}");
    }
}

/// Calls `look` until it answers, for so many seconds of wall time.
fn wait<T>(what: &str, seconds: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what} took too long");
        // Real programs in real time: there is nothing to be woken by.
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|p| p.join(program).is_file())
}

/// Whether files can be made in a directory.
fn writable(directory: &Path) -> bool {
    tempfile::Builder::new().prefix(".loopstart").tempfile_in(directory).is_ok()
}

fn filter(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
    assert!(status.as_ref().is_ok_and(|s| s.success()), "{program} {arguments:?}: {status:?}");
}

/// Tones one after the other: Hz and ms.
fn tones(parts: &[(f32, u32)]) -> Vec<i16> {
    let mut samples = Vec::new();
    for &(hz, ms) in parts {
        let n = ms * RATE / 1_000;
        samples.extend((0..n).map(|i| (AMPLITUDE * (TAU * hz * i as f32 / RATE as f32).sin()) as i16));
    }
    samples
}

fn write_wav(path: &Path, samples: &[i16]) {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).expect("a file");
    samples.iter().for_each(|&s| writer.write_sample(s).expect("room"));
    writer.finalize().expect("room");
}

fn read_wav(path: &Path) -> Vec<i16> {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    assert_eq!(reader.spec().sample_rate, RATE);
    reader.samples::<i16>().map(|s| s.expect("a sample")).collect()
}

/// Amplitude of a frequency in 50 ms.
fn amplitude(samples: &[i16], hz: f32) -> f32 {
    let (mut re, mut im) = (0.0, 0.0);
    for (i, &s) in samples.iter().enumerate() {
        let (sin, cos) = (TAU * hz * i as f32 / RATE as f32).sin_cos();
        re += f32::from(s) * cos;
        im += f32::from(s) * sin;
    }
    (re * re + im * im).sqrt() * 2.0 / samples.len() as f32
}

/// Blocks of 50 ms that are wholly this tone at its level, within 10 % (1 dB).
fn blocks(samples: &[i16], hz: f32) -> usize {
    let is = |b: &&[i16]| (amplitude(b, hz) / AMPLITUDE - 1.0).abs() < 0.1;
    samples.chunks_exact(RATE as usize / 20).filter(is).count()
}

/// The exchange and one modem of it.
struct Line<'a> {
    exchange: &'a EmulatedExchange,
    line: usize,
    directory: PathBuf,
}

impl Line<'_> {
    /// The name of its terminal below `/dev`, as mgetty wants it.
    fn tty(&self) -> String {
        let path = self.exchange.pty_path(self.line).expect("a modem");
        path.strip_prefix("/dev").expect("a device").to_str().expect("text").to_owned()
    }

    fn order(&self, command: &str) {
        assert_eq!(self.exchange.command(command), "ok\n", "{command}");
    }

    fn wait_for_hook(&self, hook: &str) {
        let wanted = format!("\"hook\":\"{hook}\"");
        let state = format!("state {}", self.line);
        wait(hook, 40, || self.exchange.command(&state).contains(&wanted).then_some(()));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{}-{name}", self.line))
    }

    fn dials(&self) {
        Running::start("vm", &["dial", "-t", "-l", &self.tty(), "5550120"]).succeeds("vm dial");
    }

    /// Records what the far end plays.
    fn records(&self) {
        let [sound, raw, pvf, wav] = ["sound.wav", "raw.rmd", "raw.pvf", "heard.wav"].map(|n| self.file(n));
        write_wav(&sound, &tones(&[(1_000.0, 12_000)]));
        self.order(&format!("call {} 5551234", self.line));
        let name = raw.to_str().expect("text");
        let vm = Running::start("vm", &["record", "-t", "-c", "8", "-L", "3", "-l", &self.tty(), name]);
        self.wait_for_hook("off");
        self.order(&format!("play {} {}", self.line, sound.display()));
        vm.succeeds("vm record");
        filter("rmdtopvf", &[name, pvf.to_str().expect("text")]);
        filter("pvftowav", &["-8", pvf.to_str().expect("text"), wav.to_str().expect("text")]);
        let heard = read_wav_8(&wav);
        let seconds = heard.len() as f32 / RATE as f32;
        assert!((2.5..4.5).contains(&seconds), "{seconds} s");
        let (all, good) = (heard.len() / 400, blocks(&heard, 1_000.0));
        assert!(good + 3 >= all, "{good} of {all} blocks are what was played");
    }

    /// Plays to the far end: nothing is lost at the beginning or at the end.
    fn plays(&self) {
        let [sound, pvf, raw, wav] = ["sound.wav", "raw.pvf", "raw.rmd", "heard.wav"].map(|n| self.file(n));
        let parts = [(700.0, 500), (1_000.0, 2_000), (1_900.0, 500)];
        write_wav(&sound, &tones(&parts));
        filter("wavtopvf", &[sound.to_str().expect("text"), pvf.to_str().expect("text")]);
        filter("pvftormd", &["V253modem", "8", pvf.to_str().expect("text"), raw.to_str().expect("text")]);
        self.order(&format!("call {} 5551234", self.line));
        self.order(&format!("record {} {}", self.line, wav.display()));
        let name = raw.to_str().expect("text");
        Running::start("vm", &["play", "-t", "-l", &self.tty(), name]).succeeds("vm play");
        self.wait_for_hook("on");
        self.order(&format!("record {} off", self.line));
        let heard = read_wav(&wav);
        // The blocks do not begin where the tones do.
        for (hz, ms) in parts {
            let (want, have) = (ms as usize / 50, blocks(&heard, hz));
            assert!((want - 2..=want).contains(&have), "{have} of {want} blocks of {hz} Hz");
        }
        let sounding = heard.iter().filter(|s| s.unsigned_abs() > 400).count();
        let sent = tones(&parts).iter().filter(|s| s.unsigned_abs() > 400).count();
        assert!(sounding.abs_diff(sent) < 80, "{sounding} of {sent} samples");
    }

    /// Answers a call and takes a message.
    fn takes_message(&self, spool: &Path, log: &Path) {
        let tty = self.tty();
        let log = log.join(format!("vg_{}.log", tty.replace('/', "-")));
        let _ = std::fs::remove_file(&log);
        let caller = format!("555{:07}", std::process::id());
        let vgetty = Running::start("vgetty", &["-x", "4", &tty]);
        let said =
            |what: &str| std::fs::read(&log).is_ok_and(|text| text.windows(what.len()).any(|w| w == what.as_bytes()));
        wait("vgetty's start", 30, || said("waiting...").then_some(()));
        self.order(&format!("call {} {caller}", self.line));
        self.wait_for_hook("off");
        wait("vgetty's recording", 30, || said("recording voice file").then_some(()));
        let sound = self.file("sound.wav");
        write_wav(&sound, &tones(&[(1_000.0, 3_000)]));
        self.order(&format!("play {} {}", self.line, sound.display()));
        let message = || {
            let mut files = std::fs::read_dir(spool).expect("the spool").filter_map(Result::ok).map(|f| f.path());
            files.find(|f| f.to_string_lossy().ends_with(&format!("-{caller}.rmd")))
        };
        let file = wait("a message with the caller's number", 10, message);
        // It grows while the message comes.
        wait("the message", 10, || std::fs::metadata(&file).is_ok_and(|m| m.len() > 8_000).then_some(()));
        self.order(&format!("hangup {}", self.line));
        self.wait_for_hook("on");
        drop(vgetty);
        let pvf = self.file("message.pvf");
        let wav = self.file("message.wav");
        let converted = Command::new("rmdtopvf").args([&file, &pvf]).status();
        let _ = std::fs::remove_file(&file);
        assert!(converted.is_ok_and(|s| s.success()), "the message is a voice file");
        filter("pvftowav", &["-8", pvf.to_str().expect("text"), wav.to_str().expect("text")]);
        let good = blocks(&read_wav_8(&wav), 1_000.0);
        assert!(good >= 15, "{good} blocks of the caller's voice");
    }
}

/// A WAV file of 8-bit samples, as 16-bit ones.
fn read_wav_8(path: &Path) -> Vec<i16> {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    assert_eq!((reader.spec().sample_rate, reader.spec().bits_per_sample), (RATE, 8));
    reader.samples::<i16>().map(|s| s.expect("a sample") * 256).collect()
}

#[test]
fn vm_and_vgetty_on_emulated_modems() {
    if std::env::var_os("LOOPSTART_TEST_PEERS").is_none() {
        return aloud("SKIPPED: vm and vgetty take half a minute of real time; LOOPSTART_TEST_PEERS=1 runs them");
    }
    for program in ["vm", "rmdtopvf", "pvftowav", "wavtopvf", "pvftormd"] {
        if !installed(program) {
            aloud(&format!("SKIPPED: {program} is not installed (Debian: mgetty-voice, mgetty-pvftools)"));
            return;
        }
    }
    for directory in ["/var/lock", "/var/log/mgetty"] {
        if !writable(Path::new(directory)) {
            aloud(&format!("SKIPPED: vm needs to write to {directory}; run as root"));
            return;
        }
    }
    let directory = tempfile::tempdir().expect("a directory");
    let lines = vec![LineKind::Modem { symlink: None }; 4];
    let settings = ServeSettings { country: US, speed: 1.0, control: None, lines };
    let exchange = EmulatedExchange::start(settings).expect("an exchange");
    let line = |line| Line { exchange: &exchange, line, directory: directory.path().to_owned() };
    let (spool, log) = (Path::new("/var/spool/voice/incoming"), Path::new("/var/log/mgetty"));
    std::thread::scope(|scope| {
        scope.spawn(|| line(0).dials());
        scope.spawn(|| line(1).records());
        scope.spawn(|| line(2).plays());
        if installed("vgetty") && writable(spool) {
            scope.spawn(|| line(3).takes_message(spool, log));
        } else {
            aloud(&format!("SKIPPED in part: vgetty is not installed or its spool {} not writable", spool.display()));
        }
    });
    let events = exchange.command("events");
    let saw = |what: &str| assert!(events.contains(what), "{what} in {events}");
    saw("\"line\":0,\"ev\":\"dialed\",\"number\":\"5550120\"");
    saw("\"line\":0,\"ev\":\"answered\"");
}

/// Says it past the test runner, which hides what passing tests print.
fn aloud(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
