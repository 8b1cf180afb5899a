//! T41: the machine stops before any file operation, with any part of what was not yet synced on the disk.
//!
//! A story is played once on a real directory while its operations are noted. Then, for every point in it, every
//! directory that a disk could hold after a crash there is laid out, and the store is opened on it. A name counts as
//! on the disk once its directory was synced, bytes once their file was; what is not may be there or not, each by
//! itself, and bytes also by half.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use session::Codec;

use super::super::disk::Disk;
use super::super::layout::Layout;
use super::super::probe::Step;
use super::*;

#[derive(Clone, Debug)]
enum Event {
    Create(PathBuf),
    Write(PathBuf, usize, Vec<u8>),
    SyncFile(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    MakeDir(PathBuf),
    RemoveDir(PathBuf),
    SyncDir(PathBuf),
}

impl Event {
    fn of(step: Step<'_>) -> Option<Self> {
        Some(match step {
            Step::Create(path) => Self::Create(path.into()),
            Step::Write(path, at, bytes) => {
                Self::Write(path.into(), usize::try_from(at).unwrap(), bytes.into())
            }
            Step::SyncFile(path) => Self::SyncFile(path.into()),
            Step::Rename(from, to) => Self::Rename(from.into(), to.into()),
            Step::Remove(path) => Self::Remove(path.into()),
            Step::MakeDir(path) => Self::MakeDir(path.into()),
            Step::RemoveDir(path) => Self::RemoveDir(path.into()),
            Step::SyncDir(path) => Self::SyncDir(path.into()),
            Step::Read(_) | Step::Lock(_) | Step::Clock => return None,
        })
    }
}

/// A file as it is known by, or a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Node {
    Dir,
    File(usize),
}

/// What of a directory tree is on the disk.
#[derive(Clone, Default)]
struct Tree {
    names: BTreeMap<PathBuf, Node>,
    files: Vec<Vec<u8>>,
}

impl Tree {
    fn of(root: &Path) -> Self {
        let mut tree = Self::default();
        let mut dirs = vec![root.to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(&dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path.clone());
                    tree.names.insert(path, Node::Dir);
                } else {
                    tree.files.push(fs::read(&path).unwrap());
                    tree.names.insert(path, Node::File(tree.files.len() - 1));
                }
            }
        }
        tree
    }

    fn file(&self, path: &Path) -> usize {
        match self.names[path] {
            Node::File(file) => file,
            Node::Dir => panic!("{} is a directory", path.display()),
        }
    }

    /// Lays the tree out below another root, as far as each directory has a name itself.
    fn lay_out(&self, from: &Path, to: &Path) {
        make_dir(to);
        for (path, node) in &self.names {
            let target = to.join(path.strip_prefix(from).unwrap());
            if !target.parent().unwrap().is_dir() {
                continue;
            }
            match node {
                Node::Dir => make_dir(&target),
                Node::File(file) => fs::write(&target, &self.files[*file]).unwrap(),
            }
        }
    }
}

fn make_dir(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

/// An effect with what it refers to, so that it can be left out without changing what the others mean.
#[derive(Debug)]
struct Effect {
    at: usize,
    what: What,
    /// Index of the sync that brings it to the disk.
    synced: usize,
}

#[derive(Debug)]
enum What {
    Name(PathBuf, Node),
    NoName(PathBuf),
    Move(PathBuf, PathBuf, Node),
    Bytes(usize, usize, Vec<u8>),
}

/// The effects of the events, and the tree with room for the files that they make.
fn effects(base: &Tree, events: &[Event]) -> (Tree, Vec<Effect>) {
    let mut base = base.clone();
    let mut now = base.clone();
    let mut effects = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let dir_sync = |path: &Path| {
            let synced = |event: &Event| matches!(event, Event::SyncDir(dir) if Some(dir.as_path()) == path.parent());
            events[at..]
                .iter()
                .position(synced)
                .map_or(usize::MAX, |n| at + n)
        };
        let (what, synced) = match event {
            Event::Create(path) => {
                base.files.push(Vec::new());
                now.files.push(Vec::new());
                let node = Node::File(now.files.len() - 1);
                now.names.insert(path.clone(), node);
                (What::Name(path.clone(), node), dir_sync(path))
            }
            Event::MakeDir(path) if !now.names.contains_key(path) => {
                now.names.insert(path.clone(), Node::Dir);
                (What::Name(path.clone(), Node::Dir), dir_sync(path))
            }
            Event::Rename(from, to) => {
                let Some(node) = now.names.remove(from) else {
                    continue;
                };
                now.names.insert(to.clone(), node);
                (What::Move(from.clone(), to.clone(), node), dir_sync(to))
            }
            Event::Remove(path) | Event::RemoveDir(path) => {
                if now.names.remove(path).is_none() {
                    continue;
                }
                (What::NoName(path.clone()), dir_sync(path))
            }
            Event::Write(path, start, bytes) => {
                let file = now.file(path);
                let mut path = path;
                let mut synced = usize::MAX;
                for (n, event) in events.iter().enumerate().skip(at) {
                    match event {
                        Event::SyncFile(of) if of == path => {
                            synced = n;
                            break;
                        }
                        Event::Rename(from, to) if from == path => path = to,
                        _ => {}
                    }
                }
                (What::Bytes(file, *start, bytes.clone()), synced)
            }
            Event::MakeDir(_) | Event::SyncFile(_) | Event::SyncDir(_) => continue,
        };
        effects.push(Effect { at, what, synced });
    }
    (base, effects)
}

/// How much of an effect reached the disk.
fn apply(tree: &mut Tree, effect: &Effect, halves: u8) {
    match (&effect.what, halves) {
        (_, 0) => {}
        (What::Name(path, node), _) => {
            tree.names.insert(path.clone(), *node);
        }
        (What::NoName(path), _) => {
            tree.names.remove(path);
        }
        (What::Move(from, to, node), _) => {
            if tree.names.get(from) == Some(node) {
                tree.names.remove(from);
            }
            tree.names.insert(to.clone(), *node);
        }
        (What::Bytes(file, start, bytes), halves) => {
            let file = &mut tree.files[*file];
            let bytes = &bytes[..bytes.len() * usize::from(halves) / 2];
            file.resize(file.len().max(start + bytes.len()), 0);
            file[*start..start + bytes.len()].copy_from_slice(bytes);
        }
    }
}

/// The trees that a crash before event `point` may leave behind: all, or a thousand of them.
fn trees(base: &Tree, effects: &[Effect], point: usize) -> Vec<Tree> {
    let done: Vec<_> = effects.iter().filter(|effect| effect.at < point).collect();
    let choices = |effect: &Effect| match effect {
        effect if effect.synced < point => 1,
        Effect {
            what: What::Bytes(..),
            ..
        } => 3u64,
        _ => 2,
    };
    let count = done.iter().map(|effect| choices(effect)).product::<u64>();
    // A step that shares no factor with two or three comes by every residue.
    let step = (count / 1000).max(1) | 1;
    (0..count.min(1000))
        .map(|n| {
            let mut which = n * step % count;
            let mut tree = base.clone();
            for effect in &done {
                let choices = choices(effect);
                let halves = match choices {
                    1 => 2,
                    2 => 2 * u8::try_from(which % 2).unwrap(),
                    _ => u8::try_from(which % 3).unwrap(),
                };
                which /= choices;
                apply(&mut tree, effect, halves);
            }
            tree
        })
        .collect()
}

fn open(root: PathBuf) -> Files {
    Files {
        disk: Disk {
            sync: false,
            probe: Probe::default(),
        },
        layout: Layout { root },
        codec: Codec::default(),
        max_file: 1 << 20,
        cursor: Mutex::default(),
    }
}

pub(super) type Verb<'a> = Box<dyn Fn(&Files) + 'a>;

/// Plays the verbs, then stops the machine everywhere and checks what is left, knowing how many verbs had answered.
pub(super) fn crash_everywhere(bench: &Bench, verbs: &[Verb<'_>], check: impl Fn(&Files, usize)) {
    crash_with(bench, false, verbs, check);
}

/// The same while there is no room for anything new.
pub(super) fn crash_on_a_full_disk(
    bench: &Bench,
    verbs: &[Verb<'_>],
    check: impl Fn(&Files, usize),
) {
    crash_with(bench, true, verbs, check);
}

fn crash_with(bench: &Bench, full: bool, verbs: &[Verb<'_>], check: impl Fn(&Files, usize)) {
    let root = bench.layout.root.clone();
    let base = Tree::of(&root);
    let events = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&events);
    bench.probe.watch(move |step| {
        if full && step.takes_space() {
            return Err(std::io::Error::from_raw_os_error(libc::ENOSPC));
        }
        log.lock().unwrap().extend(Event::of(step));
        Ok(())
    });
    let mut ends = Vec::new();
    for verb in verbs {
        verb(bench);
        ends.push(events.lock().unwrap().len());
    }
    bench.probe.stop();
    let events = events.lock().unwrap().clone();
    assert!(events.len() > verbs.len(), "nothing was watched");
    let (base, effects) = effects(&base, &events);
    let shm = scratch();
    let mut layouts = 0;
    for point in 0..=events.len() {
        let answered = ends.iter().filter(|end| **end <= point).count();
        for tree in trees(&base, &effects, point) {
            let to = shm.path().join("root");
            tree.lay_out(&root, &to);
            check(&open(to.clone()), answered);
            fs::remove_dir_all(&to).unwrap();
            layouts += 1;
        }
    }
    assert!(
        layouts > events.len(),
        "{layouts} trees for {} events",
        events.len()
    );
}
