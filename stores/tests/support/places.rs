//! Where a connection is cut.

/// Whether each byte has its turn, with `SESSION_EVERY_BYTE=1`.
pub(crate) fn every_byte() -> bool {
    std::env::var_os("SESSION_EVERY_BYTE").is_some_and(|every| every == "1")
}

/// Where among so many bytes is cut: at each of the first and the last ones, and at each 37th between, not the same ones
/// each time; they lie within a command of which the engine has not read the end, or within an answer that says no more
/// than the byte before. With `SESSION_EVERY_BYTE=1` at each.
pub(crate) fn places(bytes: usize) -> impl Iterator<Item = usize> {
    let stride = match bytes {
        _ if every_byte() => 1,
        // A reply that says no more than that something was done, of which there is one a statement.
        ..100 => 1,
        _ => 37,
    };
    let now = std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |now| now.subsec_micros());
    let start = now as usize % stride;
    (0..bytes).filter(move |&at| at < 6 || at + 12 >= bytes || at % stride == start)
}
