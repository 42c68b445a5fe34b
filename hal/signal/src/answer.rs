//! What answers: fax machine, modem, text telephone, answering machine.

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
}

/// What a [`Detector`] tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Calling tone of a fax machine: 1100 Hz, 0.5 s every 3 s (ITU-T T.30).
    Cng,
    /// Answer tone without reversals: 2100 Hz (ITU-T T.30 CED).
    Ced,
    /// Answer tone of a modem: 2100 Hz with phase reversals every 450 ms (ITU-T V.25), or Bell 2225 Hz.
    Ans,
    /// Answer tone of a modem: 2100 Hz, amplitude modulated with 15 Hz (ITU-T V.8 ANSam).
    AnsAm,
    /// A text telephone (V.18 Baudot, 45.45 or 50 bit/s, 1400 and 1800 Hz).
    Tty,
    /// The called party speaks as no person does: a greeting of this many ms without a pause.
    Machine {
        /// Length of the greeting so far, in ms.
        greeting_ms: u32,
    },
    /// The single tone that ends a greeting.
    Beep {
        /// Its frequency in Hz.
        hz: f32,
        /// Its length in ms.
        ms: u32,
    },
}
