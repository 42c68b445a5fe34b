use super::file::{built_in, keep};
use super::*;
use std::fs;

#[test]
fn every_built_in_file_can_be_used() {
    let mut known = vec![DEFAULT];
    for (name, text) in BUILT_IN {
        let profile = built_in(name, text, &known).unwrap_or_else(|(line, why)| panic!("{name}, line {line}: {why}"));
        assert!(!profile.title.is_empty() && (!profile.sources.is_empty() || !profile.refuse.is_empty()), "{name}");
        known.push(keep(profile));
    }
    assert_eq!(known, all());
}

#[test]
fn families_are_known_by_what_real_modems_say() {
    for (identity, name) in [
        (&b"CX93001-EIS_V0.2013-V92\nCONEXANT\nV90"[..], "conexant"),
        (b"U.S. Robotics 56K FAX USB V1.2.23", "usr5637"),
        (b"RCV56DPF-PLL L8571A Rev 47.21/47.21", "rockwell"),
        (b"LT V.92 1.0 MT5634ZBA-USB Data/Fax Modem", "agere"),
        (b"CL-MD5650", "cirrus"),
        (b"SmartLink Soft Modem.", "softmodem"),
        (b"56000", "v253"),
        (b"5601", "v253"),
        (b"", "v253"),
    ] {
        assert_eq!(by_identity(identity).name, name);
    }
    assert_eq!(by_usb(0x0baf, 0x0303).map(|p| p.name), Some("usr5637"));
    assert_eq!(by_usb(0x0403, 0x6001), None, "a general adapter says nothing");
}

#[test]
fn names_and_usb_ids_are_distinct_and_commands_fit_a_line() {
    for (i, p) in all().iter().enumerate() {
        for other in &all()[..i] {
            assert_ne!(other.name, p.name);
            assert!(!p.usb.iter().any(|id| other.usb.contains(id)), "{} and {}", p.name, other.name);
        }
        let all = [p.classes, p.enter_voice, p.leave_voice, p.off_hook, p.off_hook_other, p.seize];
        for command in all.iter().chain(p.init).chain(p.caller_id.iter().flat_map(|(a, b)| [a, b])) {
            assert!(command.starts_with("AT") && command.len() <= 42, "{command}");
        }
    }
}

#[test]
fn old_firmware_is_known_by_its_version() {
    let usr = by_name("usr5637").unwrap();
    let advice = |text: &[u8]| usr.advice(text).unwrap_or_default();
    assert!(advice(b"U.S. Robotics 56K FAX USB V1.1.12").contains("1.2.21"));
    assert!(advice(b"U.S. Robotics 56K FAX USB V1.2.22").contains("1.2.23"));
    assert_eq!(advice(b"U.S. Robotics 56K FAX USB V1.2.23"), "");
    assert_eq!(advice(b"U.S. Robotics 56K FAX USB"), "");
    assert_eq!(version(b"V.92 V1.2\nnothing"), Some([1, 2, 0]));
    assert_eq!(version(b"V99999999.1.2"), Some([65_535, 1, 2]));
}

fn error(text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.toml");
    fs::write(&path, text).unwrap();
    read(&path).map(|p| format!("{p:?}")).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, says) in [
        ("title = 5", "line 1"),
        ("titel = \"x\"", "titel"),
        ("\n[commands]\nseize = \"+VLS=1\"", "line 3: \"+VLS=1\" does not begin with AT"),
        ("[commands]\nseize = \"AT\\r\"", "character"),
        ("[commands]\ninit = [\"ATDT5551234\"]", "dials"),
        ("[commands]\nseize = \"AT+VLS=1111111111111111111111111111111111111111111111111111111111\"", "longer"),
        ("[stream]\nset = \"AT+VSM=1\"", "{id}"),
        ("[stream]\nprefer = [\"gsm\"]", "line 2: no coding \"gsm\"; there are unsigned-8"),
        ("[stream]\nstop = \"\\u0001\"", "<DLE>"),
        ("[[stream.fixed]]\nid = 4\ncoding = \"ima\"\nrate = 44100", "line 4: rate 44100"),
        ("[events]\nt = \"telephone\"", "phone-off-hook"),
        ("[events]\nab = \"none\"", "one character"),
        ("[identify]\nusb = [\"572:1\"]", "0572:1340"),
        ("[identify]\nmarks = [\"CX\"]", "by chance"),
        ("[tones]\nunit_ms = 0", "1 to 1000"),
        ("[[firmware]]\nbelow = \"one\"\nadvice = \"\"", "1.2.21"),
        ("inherits = \"nosuch\"", "conexant"),
    ] {
        let error = error(text);
        assert!(error.contains(says), "{text}: {error}");
    }
    assert!(error(&"#".repeat(70_000)).contains("larger"));
    assert!(find("nosuch").unwrap_err().to_string().contains("conexant"));
    assert!(find("../x").unwrap_err().to_string().contains("x"));
}

#[test]
fn a_file_is_read_over_its_parent_and_kept_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.toml");
    let text = r#"
        title = "Mine"
        inherits = "rockwell"
        [commands]
        init = ["AT&K3"]
        [stream]
        prefer = ["rockwell-2"]
        stop = "<DLE>!"
    "#;
    fs::write(&path, text).unwrap();
    let mine = find(path.to_str().unwrap()).unwrap();
    let rockwell = by_name("rockwell").unwrap();
    assert_eq!((mine.name, mine.init, mine.stream.stop), ("mine", &["AT&K3"][..], &b"\x10!"[..]));
    assert_eq!((mine.classes, mine.stream.fixed, mine.marks), (rockwell.classes, rockwell.stream.fixed, &[][..]));
    assert!(std::ptr::eq(mine, read(&path).unwrap()));
    assert!(matches!(read(std::path::Path::new("/dev/zero")), Err(ProfileError::Read { .. })));
}

proptest::proptest! {
    #[test]
    fn any_text_is_safe(text: String) {
        let _ = built_in("x", &text, all());
    }
}
