//! Alerting tone of call waiting (CAS, DT-AS): 2130 + 2750 Hz, over live speech.

/// The alerting tone was heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Index of the sample at which it was decided.
    pub at: u64,
    /// How long it lasted, in ms.
    pub duration_ms: u32,
    /// Level of the weaker tone, in dBm0.
    pub level_dbm0: f32,
}
