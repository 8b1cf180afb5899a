//! The system's allocator, and how often it was asked.
//!
//! Counting is switched on for a batch that nobody times: what is left of it otherwise is one relaxed load.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

static ON: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicU64 = AtomicU64::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    if ON.load(Relaxed) {
        ASKED.fetch_add(1, Relaxed);
    }
}

// SAFETY: each call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Counts from now on.
pub fn start() {
    ASKED.store(0, Relaxed);
    ON.store(true, Relaxed);
}

/// How many allocations and reallocations there were on all threads since [`start`].
pub fn stop() -> u64 {
    ON.store(false, Relaxed);
    ASKED.load(Relaxed)
}
