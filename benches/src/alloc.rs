//! The system's allocator, how often it was asked, and for how much that is still in use.
//!
//! Counting is switched on for a batch that nobody times: what is left of it otherwise is one relaxed load.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

static ON: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicI64 = AtomicI64::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(asked: u64, taken: usize, given_back: usize) {
    if ON.load(Relaxed) {
        ASKED.fetch_add(asked, Relaxed);
        HELD.fetch_add(taken as i64 - given_back as i64, Relaxed);
    }
}

// SAFETY: each call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Counts from now on.
pub fn start() {
    ASKED.store(0, Relaxed);
    HELD.store(0, Relaxed);
    ON.store(true, Relaxed);
}

/// How many allocations and reallocations there were on all threads since [`start`].
pub fn stop() -> u64 {
    ON.store(false, Relaxed);
    ASKED.load(Relaxed)
}

/// By how many bytes more is in use now than when [`start`] was called. To be asked before [`stop`].
pub fn held() -> i64 {
    HELD.load(Relaxed)
}
