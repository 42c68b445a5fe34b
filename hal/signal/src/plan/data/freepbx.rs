//! FreePBX defaults over Asterisk.

use super::{Table, known, procedure, read, value};
use crate::plan::Support::{Configurable, Yes};

pub(super) const PLAN: Table = Table {
    name: "freepbx",
    title: "FreePBX defaults over Asterisk",
    inherits: Some("asterisk"),
    notes: &["Codes can be edited by the administrator; an ATA in between may swallow star codes (see ata)."],
    site: &[("slot", "71")],
    facts: &[
        procedure(
            "forward.uncond.set",
            Yes,
            "dial:*72 wait:prompt dial:{n}#",
            read("fpbx-mod"),
            "prompt and # end from practice (not read)",
        ),
        procedure("forward.uncond.cancel", Yes, "dial:*73", read("fpbx-mod"), "*74 asks for the extension"),
        procedure("forward.busy.set", Yes, "dial:*90 wait:prompt dial:{n}#", read("fpbx-mod"), ""),
        procedure(
            "forward.busy.cancel",
            Yes,
            "dial:*91",
            read("fpbx-mod"),
            "*92 asks for the extension: not no-answer forwarding as in nanp",
        ),
        procedure("forward.noanswer.set", Yes, "dial:*52 wait:prompt dial:{n}#", read("fpbx-mod"), ""),
        procedure("forward.noanswer.cancel", Yes, "dial:*53", read("fpbx-mod"), ""),
        procedure("pickup.group", Yes, "dial:*8", read("fpbx"), "both in the Difuse and gen.uk lists"),
        procedure("pickup.directed", Yes, "dial:**{ext}", read("fpbx"), "both in the Difuse and gen.uk lists"),
        procedure("dnd.set", Yes, "dial:*78", read("fpbx-mod"), "toggle *76"),
        procedure("dnd.cancel", Yes, "dial:*79", read("fpbx-mod"), ""),
        procedure(
            "park.nondirected",
            Yes,
            "flash wait:recall-dial dial:70 wait:announcement onhook",
            known("fpbx"),
            "slots 71-78; Difuse documents *70 and 70..",
        ),
        procedure("unpark", Yes, "dial:{s}", read("fpbx-mod"), "*85 prefix forces a private lot; also *85{s}"),
        procedure(
            "park.directed",
            Configurable,
            "flash wait:recall-dial dial:{slotcode}{s} onhook",
            known("fpbx"),
            "transfer to the slot number (paid module)",
        ),
        procedure(
            "transfer.dtmf",
            Yes,
            "dial:## dial:{n}",
            read("fpbx"),
            "in-call codes; attended: *2; disconnect: **",
        ),
        procedure("callwaiting.on", Yes, "dial:*70", read("fpbx-mod"), "conflicts with the nanp meaning of *70"),
        procedure("callwaiting.off", Yes, "dial:*71", read("fpbx-mod"), ""),
        procedure(
            "secure.before",
            Yes,
            "dial:*71 onhook offhook wait:dial dial:{n}",
            read("fpbx-mod"),
            "line-wide; restore with *70",
        ),
        procedure("lastcaller.return", Yes, "dial:*69", known("fpbx"), ""),
        procedure(
            "complete.busy.set",
            Configurable,
            "wait:busy onhook offhook wait:dial dial:{campon}",
            read("fpbx-mod"),
            "*82 in the campon module; set it where group pickup is not *8, the beginning of *82",
        ),
        value(
            "codes.other",
            "*97 = own mailbox; *98 = any mailbox; *30 = blacklist a number; *1 = record toggle; *80 = intercom prefix; *43 = echo test",
            read("fpbx"),
            "",
        ),
        procedure(
            "complete.busy.cancel",
            Configurable,
            "dial:{campoff}",
            read("fpbx-mod"),
            "*83 in the campon module, toggle *84",
        ),
        value("park.own_lot", "*88", read("fpbx-mod"), ""),
    ],
};
