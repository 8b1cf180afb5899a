//! What a node tells of its cluster, and which slot a name is in.

use ::redis::{RedisResult, Value};

pub(super) const SLOTS: usize = 16_384;

pub(super) type Address = (String, u16);

/// Who serves what, as one node sees it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// How far it is to be believed: whether its cluster is whole, and how many elections it knows of.
    pub(super) standing: (bool, u64),
    /// From slot, to slot, and the nodes that have them, the primary first.
    pub(super) ranges: Vec<(usize, usize, Vec<Address>)>,
}

impl Told {
    /// The answers to `CLUSTER INFO` and `CLUSTER SLOTS` of the node at `host`.
    pub(super) fn new(answers: Vec<Value>, host: &str) -> RedisResult<Self> {
        let mut told = Self::default();
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or(Value::Nil).extract_error();
        let info = text(next()?);
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name));
        let epoch = field("cluster_current_epoch:").and_then(|epoch| epoch.trim().parse().ok());
        let whole = field("cluster_state:").is_some_and(|state| state.trim() == "ok");
        told.standing = (whole, epoch.unwrap_or_default());
        let ranges = items(next()?).into_iter();
        told.ranges = ranges
            .filter_map(|range| self::range(range, host))
            .collect();
        Ok(told)
    }
}

fn range(range: Value, host: &str) -> Option<(usize, usize, Vec<Address>)> {
    let mut parts = items(range).into_iter();
    let (from, to) = (number(&parts.next()?)?, number(&parts.next()?)?);
    if from > to || to >= SLOTS {
        return None;
    }
    let nodes = parts.map(|node| {
        let mut parts = items(node).into_iter();
        // A node that does not know its own name leaves it out: it is where the question went.
        let name = match text(parts.next()?) {
            name if name.is_empty() => host.to_owned(),
            name => name,
        };
        let port = u16::try_from(number(&parts.next()?)?).ok()?;
        (name != "?" && port != 0).then_some((name, port))
    });
    // Without its primary the rest says nothing.
    let nodes: Vec<_> = nodes.map_while(|node| node).collect();
    (!nodes.is_empty()).then_some((from, to, nodes))
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn text(value: Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text,
        _ => String::new(),
    }
}

fn number(value: &Value) -> Option<usize> {
    match value {
        Value::Int(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

/// `host:port`, as a redirection names a node.
pub(super) fn address(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some((host.to_owned(), port.parse().ok()?))
}

/// The slot of a name: of what stands in its braces, as all of ours have them.
pub(super) fn slot(name: &str) -> usize {
    let tag = name
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'));
    let tag = tag.map_or(name, |(tag, _)| tag);
    let crc = tag.bytes().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 }
        })
    });
    usize::from(crc) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::redis::parse_redis_value;

    #[test]
    fn a_slot_is_that_of_the_braces() {
        // As `CLUSTER KEYSLOT` says.
        assert_eq!(slot("123456789"), 12_739);
        assert_eq!(slot("sess:{123456789}:00"), 12_739);
        assert_eq!(slot("foo"), 12_182);
        assert_eq!(slot("bar"), 5_061);
    }

    #[test]
    fn a_redirection_names_a_node() {
        assert_eq!(address("10.0.0.1:7001"), Some(("10.0.0.1".into(), 7001)));
        assert_eq!(address("[::1]:7001"), Some(("::1".into(), 7001)));
        assert_eq!(address(":7001"), None);
        assert_eq!(address("node"), None);
    }

    #[test]
    fn what_a_node_tells_is_taken_as_far_as_it_makes_sense() {
        let info = "cluster_state:ok\r\ncluster_current_epoch:7\r\n";
        let slots = [
            "*3\r\n:0\r\n:99\r\n*3\r\n$1\r\na\r\n:1\r\n$2\r\nid\r\n",
            "*4\r\n:100\r\n:199\r\n*2\r\n$0\r\n\r\n:2\r\n*2\r\n$1\r\nb\r\n:3\r\n",
            "*3\r\n:200\r\n:299\r\n*2\r\n$1\r\n?\r\n:4\r\n",
            "*3\r\n:300\r\n:99999\r\n*2\r\n$1\r\na\r\n:1\r\n",
        ];
        let slots = format!("*4\r\n{}", slots.concat());
        let answers = vec![
            Value::BulkString(info.into()),
            parse_redis_value(slots.as_bytes()).unwrap(),
        ];
        let told = Told::new(answers, "here").unwrap();
        assert_eq!(told.standing, (true, 7));
        let node = |name: &str, port| (name.to_owned(), port);
        let expected = [
            (0, 99, vec![node("a", 1)]),
            (100, 199, vec![node("here", 2), node("b", 3)]),
        ];
        assert_eq!(told.ranges, expected);
    }
}
