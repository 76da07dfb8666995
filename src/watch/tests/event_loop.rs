//! An event loop for tests, which reads events as Node's does. Each test that makes a hub of the OS's events runs once with it,
//! and once with notify's threads.

use std::env;
use std::os::fd::{AsFd, AsRawFd};
use std::process::Command;
use std::thread::JoinHandle;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::watch::inotify::{self, EventQueue};
use crate::watch::{OnLoop, OpenOnLoop};

/// Set where an event loop reads the events.
const ON_LOOP: &str = "NODE_HMR_TEST_ON_LOOP";
const READABLE: Token = Token(0);
const END: Token = Token(1);

/// Whether an event loop reads the events.
pub fn is_on_loop() -> bool {
    env::var_os(ON_LOOP).is_some()
}

pub fn open() -> Box<OpenOnLoop> {
    Box::new(|sink| {
        if !is_on_loop() {
            return None;
        }
        let (queue, backend) = inotify::open(sink).ok()?;
        let reading = Box::new(EventLoop::start(queue));
        Some(OnLoop { backend, reading })
    })
}

/// Reads the events until it is dropped.
struct EventLoop {
    end: Waker,
    thread: Option<JoinHandle<()>>,
}

impl EventLoop {
    fn start(mut queue: EventQueue) -> Self {
        let mut poll = Poll::new().unwrap();
        let number = queue.as_fd().as_raw_fd();
        let registry = poll.registry();
        registry
            .register(&mut SourceFd(&number), READABLE, Interest::READABLE)
            .unwrap();
        let end = Waker::new(registry, END).unwrap();
        let thread = std::thread::Builder::new()
            .name("notify-rs test".to_owned())
            .spawn(move || {
                let mut events = Events::with_capacity(2);
                loop {
                    poll.poll(&mut events, None).unwrap();
                    if events.iter().any(|event| event.token() == END) {
                        return;
                    }
                    queue.read();
                    // Mio tells only of new events; Node also of those that were left.
                    poll.registry()
                        .reregister(&mut SourceFd(&number), READABLE, Interest::READABLE)
                        .unwrap();
                }
            });
        Self {
            end,
            thread: Some(thread.unwrap()),
        }
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.end.wake().unwrap();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

#[test]
fn every_other_test_of_the_watch_engine_passes_on_an_event_loop() {
    if is_on_loop() {
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .arg("watch::tests")
        .env(ON_LOOP, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    // A filter that fits no test passes as well.
    for test in ["saves::in_place", "torture::"] {
        assert!(printed.contains(&format!("watch::tests::{test}")), "{printed}");
    }
}
