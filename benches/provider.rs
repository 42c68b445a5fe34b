//! `provider/*`: what a decision costs, and that it costs the same however many lines and calls there are.

#[path = "provider/crowd.rs"]
mod crowd;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use loopstart::provider::{
    CallHandle, Command, DeviceDescription, DeviceId, HostCall, HostLine, Input, MediaModes, Output, Provider, Reply,
    RequestId,
};
use loopstart::signal::{Caps, Clock, LineEvent, Time};
use std::hint::black_box;

const DEVICE: DeviceId = DeviceId(0);

fn drain(provider: &mut Provider) -> Option<CallHandle> {
    let mut offered = None;
    while let Some(output) = provider.poll() {
        if let Output::Offer { call, .. } = output {
            offered = Some(call);
        }
        black_box(&output);
    }
    offered
}

/// A provider with `lines` open lines, all ready and idle.
fn ready(lines: u32) -> Provider {
    let mut provider = Provider::new();
    for id in 0..lines {
        let description = DeviceDescription {
            id: DeviceId(id),
            name: "line".into(),
            stable_id: format!("bench-{id}"),
            provider_info: "bench".into(),
            number: None,
            clock: Clock::Monotonic,
            extension: None,
            plan: loopstart_signal::plan::Plan::plain(),
        };
        provider.handle(Input::DeviceAdded(description), Time::ZERO).unwrap();
        provider.handle(Input::Event(DeviceId(id), LineEvent::Ready(Caps::all())), Time::ZERO).unwrap();
        let open = Command::OpenLine { device: DeviceId(id), host: HostLine(id as usize + 1) };
        let Ok(Reply::Line(line)) = provider.handle(Input::Command(open), Time::ZERO) else { panic!("no line") };
        let media = Command::SetMediaDetection { line, modes: MediaModes::INTERACTIVE_VOICE };
        provider.handle(Input::Command(media), Time::ZERO).unwrap();
        drain(&mut provider);
    }
    provider
}

fn transitions(c: &mut Criterion) {
    let ring = Input::Event(DEVICE, LineEvent::Ring { pattern: 1 });
    let mut group = c.benchmark_group("provider");
    // The first ring of a call: a call appearance is made and offered.
    group.bench_function("new-call", |b| {
        b.iter_batched_ref(
            || ready(1),
            |p| {
                p.handle(ring.clone(), Time::from_millis(1)).unwrap();
                drain(p)
            },
            BatchSize::SmallInput,
        );
    });
    for lines in [1, 1000] {
        // One transition in the middle of a call: accepted, with its completion and its state message.
        group.bench_function(format!("transition/{lines}"), |b| {
            b.iter_batched_ref(
                || {
                    let mut p = ready(lines);
                    p.handle(ring.clone(), Time::from_millis(1)).unwrap();
                    let call = drain(&mut p).expect("offered");
                    let offered = Input::Offered { call, host: Some(HostCall(7)) };
                    p.handle(offered, Time::from_millis(2)).unwrap();
                    drain(&mut p);
                    (p, call)
                },
                |(p, call)| {
                    let accept = Command::Accept { request: RequestId(1), call: *call };
                    p.handle(Input::Command(accept), Time::from_millis(3)).unwrap();
                    drain(p)
                },
                BatchSize::PerIteration,
            );
        });
    }
    // A ring in the middle of a ringing call, again and again on one provider: no set-up in the measurement.
    let mut p = ready(1);
    p.handle(ring.clone(), Time::from_millis(1)).unwrap();
    let call = drain(&mut p).expect("offered");
    p.handle(Input::Offered { call, host: Some(HostCall(7)) }, Time::from_millis(2)).unwrap();
    drain(&mut p);
    let mut now = 3u64;
    group.bench_function("transition/ring", |b| {
        b.iter(|| {
            now += 1;
            p.handle(ring.clone(), Time::from_millis(now)).unwrap();
            drain(&mut p)
        });
    });
    group.finish();
}

criterion_group!(benches, transitions, crowd::flat);
criterion_main!(benches);
