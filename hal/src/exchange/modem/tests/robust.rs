//! No bytes and no line make the modem fail.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Doing {
    Send(Vec<u8>),
    Line { ringing: bool, battery: bool, reversed: bool },
    Noise(u8),
    Pass(u16),
    Read(bool),
    Dtr,
}

fn commands() -> impl Strategy<Value = Vec<u8>> {
    let command = prop::sample::select(vec![
        "E0",
        "Q0",
        "V1",
        "V0",
        "X0",
        "X4",
        "Z",
        "&F",
        "&V",
        "&W",
        "H",
        "H1",
        "O",
        "&T1",
        "I3",
        "S7=1",
        "S6=2",
        "S0=1",
        "S12=1",
        "+FCLASS=8;",
        "+FCLASS=0;",
        "+VLS=1;",
        "+VLS=0;",
        "+VTX;",
        "+VRX;",
        "+VTR;",
        "+VTS=1,!,[,,9];",
        "+VSM=129;",
        "+VSM=4;",
        "+FLO=1;",
        "+VIT=1;",
        "+VRN=0;",
        "+VCID=2;",
        "+VDR=1,1;",
        "+VRID=1;",
        "D5P5,T5@$W!^L;",
        "DT5551212",
        "D",
        "DL",
        "DS=1;",
        "&Z1=5!P0",
        "A",
        "A/",
    ]);
    prop::collection::vec(command, 0..4).prop_map(|all| format!("AT{}\r", all.concat()).into_bytes())
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        commands().prop_map(Doing::Send),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Doing::Send),
        prop::collection::vec(prop::sample::select(b"\x10\x03\x18\x1b!^/~pr\x1aQS+".to_vec()), 0..20)
            .prop_map(Doing::Send),
        any::<(bool, bool, bool)>().prop_map(|(ringing, battery, reversed)| Doing::Line { ringing, battery, reversed }),
        any::<u8>().prop_map(Doing::Noise),
        (0u16..400).prop_map(Doing::Pass),
        any::<bool>().prop_map(Doing::Read),
        Just(Doing::Dtr),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn anything_may_happen(profile in 0..PROFILES.len(), script in prop::collection::vec(doing(), 0..60)) {
        let mut rig = Rig::with(PROFILES[profile]);
        let mut reads = true;
        let mut noise = 1u32;
        for doing in script {
            match doing {
                Doing::Send(bytes) => rig.send(bytes),
                Doing::Line { ringing, battery, reversed } => {
                    rig.line = FromExchange { ringing, battery, reversed, ..rig.line };
                }
                Doing::Noise(level) => {
                    let hz = f32::from(level) * 10.0 + 300.0;
                    rig.tone = (level > 60).then(|| TonePlayer::fixed(&[hz, hz * 1.3], -10.0, None));
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(level.into());
                }
                Doing::Pass(steps) => for _ in 0..steps {
                    rig.step();
                    if reads {
                        rig.take();
                    }
                },
                Doing::Read(now) => reads = now,
                Doing::Dtr => rig.modem.set_dtr(false),
            }
            prop_assert!(rig.modem.room() <= INPUT_MAX.max(stream::PLAY_MAX));
            prop_assert!(rig.modem.input.len() <= INPUT_MAX.max(stream::PLAY_MAX));
        }
        // Whatever state it is in, it can be brought back.
        rig.line = FromExchange::default();
        rig.tone = None;
        rig.run(300);
        rig.modem.set_dtr(false);
        for _ in 0..3 {
            rig.send([0x10, b'!', 0x10, 0x03, 13]);
            rig.run(60_000);
        }
        rig.send("+++");
        rig.run(6_000);
        rig.send([13]);
        for terminator in [rig.modem.settings.cr(), 13] {
            rig.send([&b"ATZ"[..], &[terminator]].concat());
            rig.run(3_000);
        }
        prop_assert!(matches!(rig.modem.state, State::Command), "{:?}", rig.modem.state);
        prop_assert!(!rig.off_hook || rig.modem.settings.cr() == 0 || rig.modem.settings.auto_answer() > 0);
    }
}
