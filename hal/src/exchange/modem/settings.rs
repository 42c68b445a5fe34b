//! S registers and the values that commands set.

use loopstart_signal::country::Country;

/// Settings that Z, &F and &W recall and store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// E: command characters are sent back.
    pub(super) echo: bool,
    /// Q: no result codes.
    pub(super) quiet: bool,
    /// V: texts instead of numbers.
    pub(super) verbose: bool,
    /// X: which results of call progress are used.
    pub(super) progress: u8,
    /// &C: 0 carrier detect always on, 1 as it is.
    pub(super) carrier: u8,
    /// &D: what the loss of DTR does.
    pub(super) dtr: u8,
    /// &K: local flow control; 3 RTS/CTS, 4 XON/XOFF.
    pub(super) flow: u8,
    /// P instead of T.
    pub(super) pulse: bool,
    registers: [u8; REGISTERS.len()],
    /// +IPR.
    pub(super) rate: u32,
    /// +ICF.
    pub(super) framing: [u8; 2],
    /// +IFC and +FLO: how the host holds the modem, and the modem the host. 0 not, 1 XON/XOFF, 2 by the circuits.
    pub(super) flow_control: [u8; 2],
    /// +ILRR.
    pub(super) report_rate: bool,
    /// +GCI. The network is that of the exchange, whatever is set here.
    pub(super) country: u8,
    /// +VCID.
    pub(super) caller_id: u8,
    /// +VDR: cadence reports, and when RING follows, in 0.1 s.
    pub(super) ring_cadence: [u8; 2],
}

/// An S register: number, default, least and greatest value.
struct Register(u8, u8, u8, u8);

/// Those of V.250, and the common ones: S1 rings counted, S2 escape character, S9 and S10 carrier times, S11 length of
/// a DTMF digit in ms, S12 guard time of the escape in 1/50 s, S25 DTR delay, S30 inactivity.
const REGISTERS: [Register; 15] = [
    Register(0, 0, 0, 255),
    Register(1, 0, 0, 255),
    Register(2, 43, 0, 255),
    Register(3, 13, 0, 127),
    Register(4, 10, 0, 127),
    Register(5, 8, 0, 127),
    Register(6, 2, 2, 255),
    Register(7, 50, 1, 255),
    Register(8, 2, 0, 255),
    Register(9, 6, 1, 255),
    Register(10, 14, 1, 255),
    Register(11, 95, 50, 255),
    Register(12, 50, 0, 255),
    Register(25, 5, 0, 255),
    Register(30, 0, 0, 255),
];

/// Rates that +IPR takes, in bit/s; 0 is automatic.
pub(super) const RATES: [u32; 11] = [0, 300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115_200, 230_400];

/// What +GCI tells elsewhere: the United States.
const T35_DEFAULT: u8 = 0xb5;

impl Settings {
    /// As &F sets them in `country`: the defaults of V.250.
    pub(super) fn factory(country: &Country) -> Self {
        Self {
            echo: true,
            quiet: false,
            verbose: true,
            progress: 4,
            carrier: 1,
            dtr: 2,
            flow: 3,
            pulse: false,
            registers: REGISTERS.map(|r| r.1),
            rate: 0,
            framing: [3, 3],
            flow_control: [2, 2],
            report_rate: false,
            country: crate::t35::code(country.code).unwrap_or(T35_DEFAULT),
            caller_id: 0,
            ring_cadence: [0, 0],
        }
    }

    /// The value of an S register; `None` when there is none of this number.
    pub(super) fn register(&self, number: u32) -> Option<u8> {
        let at = REGISTERS.iter().position(|r| u32::from(r.0) == number)?;
        self.registers.get(at).copied()
    }

    /// Sets an S register; false when there is none of this number or the value is outside its range.
    pub(super) fn set_register(&mut self, number: u32, value: u32) -> bool {
        let found = REGISTERS.iter().zip(&mut self.registers).find(|(r, _)| u32::from(r.0) == number);
        match (found, u8::try_from(value)) {
            (Some((r, slot)), Ok(value)) if (r.2..=r.3).contains(&value) => {
                *slot = value;
                true
            }
            _ => false,
        }
    }

    /// All S registers with their values.
    pub(super) fn registers(&self) -> impl Iterator<Item = (u8, u8)> {
        REGISTERS.iter().zip(self.registers).map(|(r, value)| (r.0, value))
    }

    /// A register that exists.
    fn known(&self, number: u32) -> u8 {
        self.register(number).unwrap_or(0)
    }

    /// S0: rings until automatic answer; 0 never.
    pub(super) fn auto_answer(&self) -> u8 {
        self.known(0)
    }

    /// S1, which counts rings.
    pub(super) fn count_rings(&mut self, rings: u8) {
        self.set_register(1, rings.into());
    }

    /// S2.
    pub(super) fn escape(&self) -> u8 {
        self.known(2)
    }

    /// S3: end of line.
    pub(super) fn cr(&self) -> u8 {
        self.known(3)
    }

    /// S4: formatting.
    pub(super) fn lf(&self) -> u8 {
        self.known(4)
    }

    /// S5: editing.
    pub(super) fn backspace(&self) -> u8 {
        self.known(5)
    }

    /// S6: pause before blind dialling, in s.
    pub(super) fn dial_delay(&self) -> u64 {
        self.known(6).into()
    }

    /// S7: how long a connection may take, in s.
    pub(super) fn connect_wait(&self) -> u64 {
        self.known(7).into()
    }

    /// S8: the pause of a comma, in s.
    pub(super) fn comma(&self) -> u64 {
        self.known(8).into()
    }

    /// S11: DTMF digit and gap, in ms.
    pub(super) fn digit(&self) -> u64 {
        self.known(11).into()
    }

    /// S12: guard time of the escape, in ms.
    pub(super) fn guard(&self) -> u64 {
        u64::from(self.known(12)) * 20
    }

    /// Whether the host holds the modem by XOFF.
    pub(super) fn host_holds(&self) -> bool {
        matches!(self.flow_control, [1, _])
    }

    /// Whether the modem holds the host by XOFF.
    pub(super) fn holds_host(&self) -> bool {
        matches!(self.flow_control, [_, 1])
    }

    /// Whether dial tone is waited for (X2, X4).
    pub(super) fn detects_dial_tone(&self) -> bool {
        matches!(self.progress, 2 | 4)
    }

    /// Whether busy tone is told (X3, X4).
    pub(super) fn detects_busy(&self) -> bool {
        matches!(self.progress, 3 | 4)
    }
}

/// Settings of the voice class: entering it sets them to their defaults (V.253).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VoiceSettings {
    /// Index into the profile's formats.
    pub(super) format: usize,
    /// Samples per second as +VSM has them; 0: the format's own.
    pub(super) sampling: u32,
    /// +VSD: sensitivity (0 off, 128 nominal) and length in 0.1 s.
    pub(super) silence: [u8; 2],
    /// +VGR: 128 nominal, 0 automatic (which is nominal here).
    pub(super) receive_gain: u8,
    /// +VGT.
    pub(super) transmit_gain: u8,
    /// +VTD: length of a tone in 10 ms.
    pub(super) tone: u8,
    /// +VIT: inactivity in s; 0 never.
    pub(super) inactivity: u8,
    /// +VRA: after the last ringback, in 0.1 s.
    pub(super) ringback_gone: u8,
    /// +VRN: without any ringback, in s.
    pub(super) ringback_never: u8,
    /// +VNH.
    pub(super) hangup: u8,
    /// +VEM: event n is bit 31 - n.
    pub(super) events: u32,
    /// +VPR: rate towards the host; 0 automatic.
    pub(super) rate: u32,
    /// +VDT: tone cadence reports, accepted without effect.
    pub(super) tone_cadence: [u8; 2],
}

impl VoiceSettings {
    /// The defaults of V.253.
    pub(super) const fn new() -> Self {
        Self {
            format: 0,
            sampling: 0,
            silence: [128, 50],
            receive_gain: 128,
            transmit_gain: 128,
            tone: 100,
            inactivity: 0,
            ringback_gone: 50,
            ringback_never: 10,
            hangup: 0,
            events: u32::MAX,
            rate: 0,
            tone_cadence: [0, 0],
        }
    }
}
