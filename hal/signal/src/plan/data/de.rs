//! Germany, Deutsche Telekom T-Net analog.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::Yes;

pub(super) const PLAN: Table = Table {
    name: "de",
    title: "Germany, Deutsche Telekom T-Net analog",
    inherits: Some("etsi"),
    notes: &[],
    site: &[],
    facts: &[
        value("recall.send_ms", "300", read("de-aeg"), "main line; 270 also usual; PBX extension 90-100"),
        value(
            "recall.accept_ms",
            "170-400",
            known("etsi-ntp"),
            "upper end low confidence; 300 is documented as working",
        ),
        value("recall.dial_tone", "yes", read("de-aeg"), "special dial tone (Sonderwaehlton)"),
        procedure("swap", Yes, "flash wait:recall-dial dial:2", read("de-aeg"), ""),
        procedure("threeway.join", Yes, "flash wait:recall-dial dial:3", read("de-hus"), ""),
        procedure("callwaiting.answer", Yes, "flash wait:recall-dial dial:2", read("de-gre"), ""),
        value("callwaiting.window_s", "30", read("de-gre"), "time to press R for the waiting call"),
        procedure("callwaiting.release_and_answer", Yes, "flash wait:recall-dial dial:1", read("de-hus"), ""),
        procedure("callwaiting.reject", Yes, "flash wait:recall-dial dial:0", read("de-hus"), ""),
        procedure("callwaiting.on", Yes, "dial:*43#", read("de-hus"), ""),
        procedure("callwaiting.off", Yes, "dial:#43#", read("de-hus"), ""),
        procedure("callwaiting.check", Yes, "dial:*#43#", read("de-hus"), ""),
        procedure(
            "forward.noanswer.set",
            Yes,
            "dial:*61*{n}#",
            read("de-tel"),
            "20 s default, 5-60 s selectable (time field form knowledge)",
        ),
        procedure("forward.noanswer.set_with_time", Yes, "dial:*61*{n}*{t}#", read("de-tel"), ""),
        value("forward.confirm", "spoken announcement that the feature is on/off", read("de-tel"), ""),
        procedure(
            "complete.busy.set",
            Yes,
            "flash wait:recall-dial dial:*37# wait:announcement onhook",
            known("de-tel"),
            "service itself verified; digits knowledge",
        ),
        procedure("complete.busy.cancel", Yes, "dial:#37#", known("de-tel"), ""),
        procedure(
            "clid.block_call",
            Yes,
            "dial:*31#{n}",
            known("de-tel"),
            "per-call transmission setting verified as a service",
        ),
        value("onhook.active_and_held", "rings-back", known("de-tel"), "line rings back with the held party"),
        value("disconnect.far_end", "busy tone 425 Hz; no loop break by default", known("etsi-ntp"), ""),
    ],
};
