//! A disk whose power can be cut.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::store::database::Disk;

/// What is written reaches the platter when it is synced, or by chance.
#[derive(Clone, Debug, Default)]
pub(super) struct Platter {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// As the running machine sees it.
    seen: Vec<u8>,
    /// As it is after a power cut.
    synced: Vec<u8>,
    /// Changes since the last sync.
    unsynced: Vec<Change>,
    /// Operations until the power is cut; none: it stays.
    left: Option<u32>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length as usize, 0),
            Self::Write(offset, data) => {
                let (from, to) = (*offset as usize, *offset as usize + data.len());
                bytes.resize(bytes.len().max(to), 0);
                bytes[from..to].copy_from_slice(data);
            }
        }
    }
}

impl Platter {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The power is cut after so many more operations.
    pub(super) fn cut_after(&self, operations: u32) {
        self.state().left = Some(operations);
    }

    /// From here on everything works.
    pub(super) fn works(&self) {
        self.state().left = None;
    }

    /// Whether the power was cut.
    pub(super) fn is_dark(&self) -> bool {
        self.state().left == Some(0)
    }

    /// The power comes back. Of what was not synced, those changes are left that `lucky` picks.
    pub(super) fn power_on(&self, mut lucky: impl FnMut() -> bool) -> Self {
        let mut state = self.state();
        let mut bytes = std::mem::take(&mut state.synced);
        for change in std::mem::take(&mut state.unsynced) {
            if lucky() {
                change.make(&mut bytes);
            }
        }
        state.left = Some(0);
        Self::holding(bytes)
    }

    /// A disk with these bytes.
    pub(super) fn holding(bytes: Vec<u8>) -> Self {
        let state = State {
            seen: bytes.clone(),
            synced: bytes,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// What a copy of it would hold now.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.state().seen.clone()
    }

    /// One operation, if there is power.
    fn operate(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        match &mut state.left {
            Some(0) => return Err(io::Error::other("no power")),
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(state)
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.operate()?;
        change.make(&mut state.seen);
        state.unsynced.push(change);
        Ok(())
    }
}

impl StorageBackend for Platter {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let from = offset as usize;
        let bytes = state.seen.get(from..from + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.operate()?;
        for change in std::mem::take(&mut state.unsynced) {
            change.make(&mut state.synced);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset, data.to_vec()))
    }
}

impl Disk for Platter {
    type Backend = Self;

    fn path(&self) -> &Path {
        Path::new("platter")
    }

    fn open(&self) -> io::Result<Self> {
        Ok(self.clone())
    }
}
