use super::*;

#[test]
fn new_watches_wait_for_others_but_not_for_long() {
    let start = Instant::now();
    let after = |micros| start + Duration::from_micros(micros);
    let mut state = State::default();
    let add = |state: &mut State, now| {
        let path = Path::new("/folder/file");
        state.add(now, path, WatchOptions::default(), Stamp::at_first_sight(path));
    };
    add(&mut state, start);
    assert!(state.take_repairs(after(999)).is_empty());
    assert_eq!(state.take_repairs(after(1_000)).added.len(), 1);
    for number in 0..100 {
        add(&mut state, after(2_000 + number * 600));
        let taken = state.take_repairs(after(2_000 + number * 600)).added.len();
        // At 52 ms, though another came 0.2 ms before.
        assert_eq!(taken, if number == 84 { 85 } else { 0 }, "{number}");
    }
    add(&mut state, after(70_000));
    state.on_signal(after(70_000), Signal::Overflow);
    let urgent = state.take_repairs(after(70_000));
    assert!(
        urgent.all && urgent.added.len() == 16,
        "what is urgent takes all along"
    );
}
