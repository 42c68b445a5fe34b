//! BroadWorks hosted Centrex (analog port behind an IAD).

use super::{Table, known, procedure, read, value};
use crate::plan::Support::Yes;

pub(super) const PLAN: Table = Table {
    name: "broadworks",
    title: "BroadWorks hosted Centrex (analog port behind an IAD)",
    inherits: Some("ata"),
    notes: &[
        "Default codes of the platform as seen in one group; administrators may change them. Flash behaviour is the IAD's.",
    ],
    site: &[],
    facts: &[
        procedure("forward.uncond.set", Yes, "dial:*72 wait:prompt dial:{n}#", read("bw"), ""),
        procedure("forward.uncond.cancel", Yes, "dial:*73", read("bw"), ""),
        procedure("forward.uncond.check", Yes, "dial:*21*", read("bw"), ""),
        procedure("forward.busy.set", Yes, "dial:*90 wait:prompt dial:{n}#", read("bw"), ""),
        procedure("forward.busy.cancel", Yes, "dial:*91", read("bw"), ""),
        procedure("forward.busy.check", Yes, "dial:*67*", read("bw"), ""),
        procedure("forward.noanswer.set", Yes, "dial:*92 wait:prompt dial:{n}#", read("bw"), ""),
        procedure("forward.noanswer.cancel", Yes, "dial:*93", read("bw"), ""),
        procedure("forward.noanswer.check", Yes, "dial:*61*", read("bw"), ""),
        value("forward.no_answer_s", "20", known("bw"), "*610 sets the no-answer timer"),
        value("forward.notreachable", "set = *94; cancel = *95; check = *63*", read("bw"), ""),
        procedure(
            "park.directed",
            Yes,
            "flash wait:recall-dial dial:*68 wait:prompt dial:{s}#",
            read("bw"),
            "the slot is an extension; prompt order is knowledge",
        ),
        procedure(
            "park.nondirected",
            Yes,
            "flash wait:recall-dial dial:#58 wait:announcement",
            read("bw"),
            "group call park picks the extension",
        ),
        procedure("unpark", Yes, "dial:*88 wait:prompt dial:{s}#", read("bw"), "the slot is an extension"),
        procedure("pickup.group", Yes, "dial:*98", read("bw"), "clashes with the adapter's own *98"),
        procedure("pickup.directed", Yes, "dial:*97{ext}", known("bw"), "*33{ext} with barge-in is verified"),
        procedure("callretrieve", Yes, "dial:*11", read("bw"), ""),
        procedure("dnd.set", Yes, "dial:*78", read("bw"), ""),
        procedure("dnd.cancel", Yes, "dial:*79", read("bw"), ""),
        procedure("secure.before", Yes, "dial:*70 wait:recall-dial dial:{n}", read("bw"), ""),
        procedure("callwaiting.on", Yes, "dial:*43", read("bw"), ""),
        procedure("callwaiting.off", Yes, "dial:#43", read("bw"), ""),
        procedure("callwaiting.check", Yes, "dial:*53*", read("bw"), ""),
        procedure("clid.block_call", Yes, "dial:*67 dial:{n}", read("bw"), "*67 (show *65; line *31 on, #31 off)"),
        procedure("clid.show_call", Yes, "dial:*65 dial:{n}", read("bw"), ""),
        procedure("complete.busy.cancel", Yes, "dial:#8", read("bw"), "menu #9"),
        procedure(
            "complete.busy.set",
            Yes,
            "wait:announcement dial:1",
            known("bw"),
            "offered by an announcement on busy",
        ),
        value(
            "codes.other",
            "*77 = anonymous call rejection on; *87 = anonymous call rejection off; *86 = voice mail; *62 = voice portal; *74 = speed dial 8; *75 = speed dial 100; *55 = transfer to voice mail",
            read("bw"),
            "*86 here is voice mail, not cancel callback",
        ),
        procedure("lastcaller.return", Yes, "dial:*69", known("bw"), ""),
    ],
};
