//! Every operation in each of its modes, on every plan that offers it: what the exchange saw on the wire, the calls'
//! states and the messages in order, who talks to whom and who hears whom; and what the others answer.
//!
//! Which cells of the table are played is asked of the line's capabilities, as a host asks. What has to be on the wire is
//! read from the plan's procedures by `wire`, which shares nothing with the provider that carries them out.
//! `docs/scripts.md` is the table; `UPDATE_DOCS=1 cargo test --test switch every` writes it anew.

mod calls;
mod ends;
mod parties;
mod services;
mod table;
mod wire;

use super::operations::number_of;
use super::*;
use loopstart::provider::{AddressCaps, AddressFeatures, CallFeatures, CallInfo, DeviceCaps, LineFeatures};
use loopstart::signal::plan::{
    Builder, Fill, Joined, Lack, Moment, OnHook, Plan, Procedure, Service, Step, Subscribed,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use table::Row;
use wire::Wire;

/// Longest wait of wall time for one thing.
const PATIENCE: Duration = Duration::from_secs(40);

/// What lines can do, as their capabilities tell.
struct Announced {
    address: AddressCaps,
    device: DeviceCaps,
}

/// A script on its way: line 0 is the one whose wire is watched, the others are its partners.
struct Play {
    s: Scene,
    plan: Arc<Plan>,
    wire: Wire,
    /// What the exchange must have seen line 0 do so far.
    wanted: Vec<String>,
    /// Calls that were made or taken, and not closed.
    calls: Vec<Call>,
}

/// A built-in plan with every subscription; and, where it leaves codes to the site, codes.
fn plan_with_codes(name: &str) -> Arc<Plan> {
    let mut builder = Builder::named(name).expect("a plan");
    let plain = Plan::subscribed(name, Subscribed::all()).expect("a plan");
    let mut codes: Vec<String> = Service::ALL
        .iter()
        .filter_map(|service| match plain.lacks(*service) {
            Some(Lack::Code(code)) => Some(code),
            _ => None,
        })
        .collect();
    codes.sort_unstable();
    codes.dedup();
    for (n, code) in codes.iter().enumerate() {
        builder.site(code, &format!("*5{:02}", n + 10));
    }
    Arc::new(builder.subscribed(Subscribed::all()).build().expect("a plan"))
}

impl Play {
    fn new(plan: &Arc<Plan>, lines: usize) -> Self {
        let s = Scene::on(Arc::clone(plan), lines);
        Self { s, plan: Arc::clone(plan), wire: Wire::default(), wanted: Vec::new(), calls: Vec::new() }
    }

    fn announced(&self) -> Announced {
        let ask = |p: &loopstart::provider::Provider| -> Result<Announced, LineErr> {
            let device = p.device_of_line(self.s.rig.lines[0])?;
            Ok(Announced { address: p.address_caps(device, 0)?, device: p.device_caps(device)? })
        };
        self.s.rig.runtime.query(ask).expect("capabilities")
    }

    /// Whether the plan has a service.
    fn has(&self, service: Service) -> bool {
        self.plan.has(service)
    }

    fn can(&self, call: Call, feature: CallFeatures) -> bool {
        self.s.rig.runtime.query(|p| p.call_status(call.call)).is_ok_and(|status| status.features.contains(feature))
    }

    fn keep(&mut self, call: Call) -> Call {
        self.calls.push(call);
        call
    }

    /// Sends a command that answers an error, at once or in the end.
    #[track_caller]
    fn refuses(&mut self, with: LineErr, command: impl FnOnce(loopstart::provider::RequestId) -> Command) {
        assert_eq!(self.s.does(command).map(drop), Err(with));
    }

    /// What a line answers where it would answer `otherwise` if it could ever do this.
    fn error(&self, feature: CallFeatures, otherwise: LineErr) -> LineErr {
        let can = self.announced().address.call_features.contains(feature);
        if can { otherwise } else { LineErr::OPERATIONUNAVAIL }
    }

    // ---- the wire ----

    /// The exchange has to see this of line 0.
    fn wants(&mut self, words: &[&str]) {
        for word in words {
            wire::push(&mut self.wanted, word);
        }
    }

    /// The exchange has to see line 0 dial a number.
    fn wants_number(&mut self, number: &str) {
        let digits = self.s.digits_of(number);
        self.wants(&[&digits]);
    }

    /// The exchange has to see line 0 carry out this procedure of its plan.
    #[track_caller]
    fn wants_service(&mut self, service: Service, fill: &Fill<'_>) {
        let procedure = self.plan.service(service).unwrap_or_else(|| panic!("the plan has no {service:?}"));
        let words = wire::of(procedure, fill);
        self.wants(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Waits until the exchange has seen what it must have seen, and looks that it saw nothing else.
    #[track_caller]
    fn check_wire(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.wire.drain(&self.s);
            let seen = self.wire.of_line(0);
            let so_far = wire::begins(&self.wanted, &seen);
            if seen == self.wanted {
                return;
            }
            assert!(so_far && Instant::now() < deadline, "on the wire: {seen:?}, not {:?}", self.wanted);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// What was on the wire so far is looked at by another row, or by nobody.
    fn forgets_wire(&mut self) {
        self.wire.drain(&self.s);
        self.wanted = self.wire.of_line(0);
    }

    /// Line time passes, this long.
    fn rests(&self, time: Duration) {
        let now = || self.s.rig.runtime.with_exchange(|e| e.clock().now()).expect("an exchange");
        let until = now() + time;
        while now() <= until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    // ---- who hears whom ----

    /// Waits until the parties of a line are these and it hears the voices of those, and of nobody else.
    #[track_caller]
    fn with(&mut self, line: usize, parties: &[&str], heard: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let look = self.s.look(line);
            let mut hears: Vec<&str> =
                look["hears"].as_array().into_iter().flatten().filter_map(|n| n.as_str()).collect();
            hears.sort_unstable();
            let has = self.s.parties(line);
            if has == parties && hears == heard {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "line {line} has {has:?} and hears {hears:?}, not {parties:?} and {heard:?}; {:#?}",
                self.s.rig.seen
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Two lines talk with each other, and nobody else is with them.
    #[track_caller]
    fn talking(&mut self, one: usize, other: usize) {
        for (line, far) in [(one, other), (other, one)] {
            let far = number_of(far);
            self.with(line, &[&format!("{far} active")], &[&far]);
        }
    }

    /// Line 0 talks to one line and holds another, which hears nobody.
    #[track_caller]
    fn holding(&mut self, active: Option<usize>, held: usize) {
        let talks = active.map(number_of);
        let mut parties = vec![format!("{} held", number_of(held))];
        parties.extend(talks.iter().map(|number| format!("{number} active")));
        parties.sort_unstable();
        let heard: Vec<&str> = talks.iter().map(String::as_str).collect();
        self.with(0, &parties.iter().map(String::as_str).collect::<Vec<_>>(), &heard);
        self.with(held, &["5550100 active"], &[]);
        if let Some(active) = active {
            self.with(active, &["5550100 active"], &["5550100"]);
        }
    }

    // ---- calls ----

    /// Line 0 calls a number and waits until its call is in a state.
    #[track_caller]
    fn calls(&mut self, number: &str, is: impl Fn(CallState) -> bool) -> Call {
        self.wants(&["off"]);
        self.wants_number(number);
        let call = self.s.call(0, number, is);
        self.keep(call)
    }

    /// Line 0 talks to line 1.
    #[track_caller]
    fn talk(&mut self) -> (Call, Call) {
        let a = self.calls(&number_of(1), |state| state == CallState::Ringback);
        let b = self.offered(1);
        self.s.answer(b).expect("an answer");
        self.s.becomes(b, ACTIVE);
        self.s.becomes(a, ACTIVE);
        self.talking(0, 1);
        (a, b)
    }

    /// A call that comes in at a line.
    #[track_caller]
    fn offered(&mut self, line: usize) -> Call {
        let call = self.s.offered_at(line);
        self.keep(call)
    }

    /// Another line calls line 0, or a number.
    #[track_caller]
    fn rings(&mut self, from: usize, number: &str) -> Call {
        let call = self.s.call(from, number, |state| state == CallState::Ringback);
        self.keep(call)
    }

    /// Line 2 calls line 0 while that talks: what it calls, and what waits.
    #[track_caller]
    fn waits(&mut self) -> (Call, Call) {
        let caller = self.rings(2, &number_of(0));
        let waiting = self.offered(0);
        self.s.becomes(waiting, CallState::Offering(loopstart::provider::OfferingMode::Inactive));
        (caller, waiting)
    }

    /// A consultation call of line 0, at dial tone, by SetupTransfer.
    #[track_caller]
    fn consult(&mut self, a: Call) -> Call {
        self.wants_consult();
        let c = self.s.consult(a).expect("a consultation call");
        self.s.becomes(a, CallState::OnHoldPendingTransfer);
        self.check_wire();
        self.keep(c)
    }

    /// The procedure by which a consultation call begins.
    #[track_caller]
    fn wants_consult(&mut self) {
        let service = if self.has(Service::Consult) { Service::Consult } else { Service::Hold };
        self.wants_service(service, &Fill { number: Some(""), ..Fill::default() });
    }

    /// The consultation call is dialled, to this state.
    #[track_caller]
    fn dials(&mut self, c: Call, number: &str, is: impl Fn(CallState) -> bool) {
        self.wants_number(number);
        self.s.dial(c, number, is);
        self.check_wire();
    }

    /// The consultation call goes to line 2, which answers.
    #[track_caller]
    fn reach(&mut self, c: Call) -> Call {
        self.dials(c, &number_of(2), |state| state == CallState::Ringback);
        let answered = self.offered(2);
        self.s.answer(answered).expect("an answer");
        self.s.becomes(answered, ACTIVE);
        self.s.becomes(c, ACTIVE);
        answered
    }

    /// Line 0 talks to line 1, and in between to line 2: the calls, and those at the other ends.
    #[track_caller]
    fn pair(&mut self) -> (Call, Call, Call, Call) {
        let (a, b) = self.talk();
        let c = self.consult(a);
        let d = self.reach(c);
        self.holding(Some(2), 1);
        (a, c, b, d)
    }

    /// The same in conference.
    #[track_caller]
    fn three(&mut self) -> (Call, Call, Call) {
        let (a, c, _, _) = self.pair();
        self.wants_service(Service::Join, &Fill::default());
        let p = self.s.conference(a, c).expect("a conference");
        self.keep(p);
        self.s.becomes(p, ACTIVE);
        self.in_conference();
        (p, a, c)
    }

    #[track_caller]
    fn in_conference(&mut self) {
        self.with(0, &["5550101 member", "5550102 member"], &["5550101", "5550102"]);
        self.with(1, &["5550100 active"], &["5550100", "5550102"]);
        self.with(2, &["5550100 active"], &["5550100", "5550101"]);
        self.check_wire();
    }

    /// How line 0 takes a member out of a conference, the last one or the first: what the wire sees; none where there is no
    /// way. The last one is who it talked to when they were joined.
    fn way_out(&self, last: bool) -> Option<Vec<String>> {
        let of = |service: Service| self.plan.service(service).map(|p| wire::of(p, &Fill::default()));
        of(if last { Service::DropLast } else { Service::DropFirst }).or_else(|| {
            let talks = match self.plan.split_active? {
                Joined::First => !last,
                Joined::Last | Joined::Active => last,
            };
            let release = if talks { Service::ReleaseAndTake } else { Service::ReleaseHeld };
            // Going on hook while there are three is something else.
            self.plan.service(release).filter(|way| !way.steps().contains(&Step::OnHook))?;
            let mut words = of(Service::Split)?;
            for word in of(release)? {
                wire::push(&mut words, &word);
            }
            Some(words)
        })
    }

    /// How line 0 ends the current call and gets back to the held one: what the wire sees; none where there is no way.
    fn way_back(&self, from: Second) -> Option<Vec<String>> {
        // The line is off hook, whatever the procedure begins with.
        let of = |service: Service| {
            let words = self.plan.service(service).map(|p| wire::of(p, &Fill::default()))?;
            Some(words.into_iter().skip_while(|word| word == "off").collect::<Vec<_>>())
        };
        let flashing = |service: Service| self.plan.service(service).filter(|p| flashes(p)).and_then(|_| of(service));
        let rings =
            |moment| (self.plan.on_hook(moment) == OnHook::RingsBack).then(|| vec!["on".to_owned(), "off".to_owned()]);
        match from {
            Second::Waited => flashing(Service::ReleaseAndTake).or_else(|| rings(Moment::CallWaiting)),
            Second::Talks => flashing(Service::ReleaseAndTake)
                .or_else(|| {
                    let mut words = of(Service::Join)?;
                    for word in of(Service::DropLast)? {
                        wire::push(&mut words, &word);
                    }
                    Some(words)
                })
                .or_else(|| rings(Moment::ActiveAndHeld)),
            Second::Alerts => of(Service::RetrieveRinging)
                .or_else(|| of(Service::Retrieve))
                .or_else(|| flashing(Service::ReleaseAndTake)),
            Second::Dials if self.plan.service(Service::Retrieve).is_some_and(flashes) => of(Service::Retrieve),
            Second::Dials => of(Service::RetrieveRinging).or_else(|| of(Service::Retrieve)),
            Second::None => of(Service::Retrieve),
        }
    }

    #[track_caller]
    fn wants_way_back(&mut self, from: Second) {
        let words = self.way_back(from).expect("a way back");
        self.wants(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Leaves the second of two calls, which line 2 has, and then the first. Where there is no way to leave it alone,
    /// line 2 hangs up before.
    #[track_caller]
    fn leave_pair(&mut self, a: Call, c: Call, d: Call) {
        if self.way_back(Second::Talks).is_some() {
            assert!(self.can(c, CallFeatures::DROP));
            self.wants_way_back(Second::Talks);
        } else {
            self.s.drop_one(d).expect("it talks");
            self.s.becomes(c, CallState::Disconnected(loopstart::provider::DisconnectMode::Normal));
            self.wants_way_back(Second::Dials);
        }
        self.s.drop_one(c).expect("a way back");
        self.s.becomes(a, ACTIVE);
        self.talking(0, 1);
        self.check_wire();
        self.hang_up(a);
    }

    /// Leaves the call that waited, and then the first.
    #[track_caller]
    fn leave_waited(&mut self, a: Call, w: Call, caller: Call) {
        self.wants_way_back(Second::Waited);
        let from = self.mark();
        self.s.drop_one(w).expect("a way back");
        self.story(from, &[("A", a), ("W", w)], &["ok", "W Idle", "A Connected(Active)"]);
        self.s.ends(caller);
        self.talking(0, 1);
        self.check_wire();
        self.hang_up(a);
    }

    // ---- the story ----

    /// These messages, and no other about these calls, since `from`.
    #[track_caller]
    fn story(&mut self, from: usize, names: &[(&str, Call)], wanted: &[&str]) {
        self.s.expect_story(from, names, wanted);
    }

    fn mark(&mut self) -> usize {
        self.s.mark()
    }

    // ---- ends ----

    /// Line 0 hangs up with this call, and nobody is left on it.
    #[track_caller]
    fn hang_up(&mut self, call: Call) {
        self.wants(&["on"]);
        self.s.drop_one(call).expect("it can be dropped");
        self.s.becomes(call, CallState::Idle);
        self.with(0, &[], &[]);
    }

    /// Ends what is up on all lines; then line 0 must be out of everything, and the exchange must have seen what it should
    /// and nothing else.
    #[track_caller]
    fn end(mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.s.forget_offers();
            let up: Vec<Call> = self.up();
            if up.is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "calls do not end: {up:?}; {:#?}", self.s.rig.seen);
            for call in up {
                let _ = self.s.does(|request| Command::Drop { request, call: call.call });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.s.expect_hook(0, "on");
        self.s.until_free(0);
        self.check_wire();
        self.s.finish();
    }

    /// Calls of the partners that are not over.
    fn up(&self) -> Vec<Call> {
        let over = |call: &Call| {
            self.s.rig.runtime.query(|p| p.call_status(call.call)).is_ok_and(|s| s.state != CallState::Idle)
        };
        let offered = self.s.rig.seen.iter().filter_map(|told| match told {
            Told::Offered(_, host, call) => Some(Call { host: *host, call: *call }),
            _ => None,
        });
        self.calls.iter().copied().chain(offered).filter(over).collect()
    }

    fn info(&self, call: Call) -> CallInfo {
        self.s.info(call)
    }
}

/// What line 0 has besides the held party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    None,
    /// A consultation call at dial tone, or dialled.
    Dials,
    /// One that rings or is busy.
    Alerts,
    /// One that talks.
    Talks,
    /// A call that waited and was taken.
    Waited,
}

fn flashes(procedure: &Procedure) -> bool {
    procedure.steps().contains(&Step::Flash)
}

/// What every script leans on: the ways between calls.
const WAYS: [Service; 11] = [
    Service::Consult,
    Service::Hold,
    Service::Retrieve,
    Service::RetrieveRinging,
    Service::Swap,
    Service::Join,
    Service::Split,
    Service::DropLast,
    Service::WaitingAnswer,
    Service::ReleaseAndTake,
    Service::ReleaseHeld,
];

/// The plan that this one inherits from, where both have the same ways between calls.
fn like(plan: &Plan) -> Option<Arc<Plan>> {
    let parent = plan_with_codes(plan.parents.first()?);
    let same = WAYS.iter().all(|way| plan.service(*way) == parent.service(*way))
        && Moment::ALL.iter().all(|moment| plan.on_hook(*moment) == parent.on_hook(*moment))
        && plan.split_active == parent.split_active
        && plan.access == parent.access
        && plan.recall == parent.recall
        && plan.on_hook_guard == parent.on_hook_guard;
    same.then_some(parent)
}

/// Plays the rows on a plan: those that it changes, or with `LOOPSTART_TEST_SCRIPTS` every one.
fn play(name: &str) {
    let plan = plan_with_codes(name);
    let all = std::env::var_os("LOOPSTART_TEST_SCRIPTS").is_some();
    let like = like(&plan).filter(|_| !all);
    let inherited = |row: &table::Row| {
        let Some(parent) = &like else { return false };
        row.services.iter().all(|service| plan.service(*service) == parent.service(*service))
    };
    let announced = Play::new(&plan, 1).announced();
    let mut failed = Vec::new();
    let only = std::env::var("ROWS").unwrap_or_default();
    for row in table::rows().filter(|row| format!("{} {}", row.operation, row.mode).contains(&only)) {
        if inherited(row) {
            println!("{name}: {} {}: as {}", row.operation, row.mode, plan.parents[0]);
            continue;
        }
        let offered = (row.offered)(&announced, &plan);
        let script = if offered { row.played } else { row.refused };
        println!("{name}: {} {}", row.operation, row.mode);
        let attempt = || {
            catch_unwind(AssertUnwindSafe(|| {
                let why = row.why_not(&plan);
                assert!(offered || why.is_some(), "nobody says why it is not offered");
                let lacks = row.services.iter().find(|service| !plan.has(**service));
                assert!(!offered || lacks.is_none(), "it is offered without {lacks:?}");
                let mut play = Play::new(&plan, row.lines);
                script(&mut play);
                play.end();
            }))
        };
        // Line time runs a hundred times as fast as that of this thread: where the machine is busy with other things, a dial
        // tone is over before the script dials. What is wrong is wrong again.
        let done = attempt().or_else(|_| {
            println!("once more");
            attempt()
        });
        if let Err(why) = done {
            let text = why.downcast_ref::<String>().cloned();
            let text = text.or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default();
            failed.push(format!("{name}: {} {}, offered {offered}: {text}", row.operation, row.mode));
        }
    }
    assert!(failed.is_empty(), "{} rows\n{}", failed.len(), failed.join("\n"));
}
