//! A process that was told to stop.

use std::fs;
use std::time::{Duration, Instant};

/// Waits until each thread of the process stands still after `SIGSTOP`: one that is at work may still answer before the
/// signal reaches it. A process that has ended stands still too.
pub(super) fn stands_still(pid: &str) {
    let runs = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // The state follows the name, which stands in brackets and may contain some itself.
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.trim_start().chars().next());
        state.is_some_and(|state| !matches!(state, 'T' | 't' | 'Z' | 'X'))
    };
    let tasks = format!("/proc/{pid}/task");
    let start = Instant::now();
    while fs::read_dir(&tasks).is_ok_and(|tasks| tasks.flatten().any(runs)) {
        assert!(start.elapsed() < Duration::from_secs(10), "it goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
}
