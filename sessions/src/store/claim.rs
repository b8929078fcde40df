//! A hello asks for a session.

use std::sync::Arc;

use steadfast_protocol::frame::Reason;

use super::log::Place;
use super::memories::{self, Claimant};
use super::record::{self, Gone, Head, List, Log};
use super::room::{self, Seed};
use super::rows::Rows;
use super::{
    Accepted, Adopt, Claim, Claimed, Memory, Refused, StoreError, StreamStart, Term, key, session,
    snapshot,
};
use crate::planted::{self, Bug};

/// What is to become of a hello.
enum Verdict {
    /// It gets the session it asked for. Whether it has got it before: this is the same hello again.
    Resume(Box<Head>, bool),
    /// It gets a new one.
    New(Reason),
    /// It gets none.
    None(Claimed),
}

pub(super) fn claim(rows: &mut impl Rows, claim: &Claim) -> Result<Claimed, StoreError> {
    let mut names = [&claim.instance, &claim.new_session]
        .into_iter()
        .chain(&claim.memories);
    if !names.all(|name| key::valid_id(name)) {
        return Err(StoreError::Refused(Refused::Unknown));
    }
    match judge(rows, claim)? {
        Verdict::None(claimed) => Ok(claimed),
        Verdict::New(reason) => create(rows, claim, reason),
        Verdict::Resume(mut head, repeated) => {
            if !repeated {
                take(&mut head, claim);
            }
            let id = claim
                .resume
                .as_ref()
                .map_or(&claim.new_session, |(id, _)| id);
            accept(rows, claim, Arc::clone(id), *head, Reason::Resumed)
        }
    }
}

/// A link speaks for one more memory.
pub(super) fn adopt(rows: &mut impl Rows, adopt: &Adopt) -> Result<Option<Memory>, StoreError> {
    let head = session::living(rows, &adopt.session, adopt.term)?;
    if !key::valid_id(&adopt.memory) {
        return Err(StoreError::Refused(Refused::Unknown));
    }
    let claimant = Claimant {
        user: &head.user,
        nonce: adopt.nonce,
        wall_ms: adopt.wall_ms,
    };
    memories::claim(rows, &adopt.memory, claimant)
}

fn judge(rows: &impl Rows, claim: &Claim) -> Result<Verdict, StoreError> {
    let Some((id, token)) = &claim.resume else {
        return Ok(Verdict::New(Reason::New));
    };
    let head = match session::find(rows, id) {
        Ok(Some(head)) if head.ended.is_none() => head,
        Ok(_) => return Ok(Verdict::New(Reason::Unknown)),
        Err(StoreError::Corrupt(_)) => return Ok(Verdict::New(Reason::Corrupt)),
        Err(error) => return Err(error),
    };
    let repeated = repeats(&head, claim);
    let overtaken = claim.claim <= head.claim && !repeated && !planted::is(Bug::StaleClaimAccepted);
    // Before its token: a hello that was overtaken twice brings one that is no longer good.
    if overtaken && head.instance == claim.instance && head.user == claim.user {
        return Ok(Verdict::None(Claimed::Stale));
    }
    if !session::holds(&head, token) {
        return Ok(Verdict::New(Reason::Token));
    }
    if head.user != claim.user {
        return Ok(Verdict::New(Reason::User));
    }
    if overtaken {
        return Ok(Verdict::None(Claimed::TakenOver));
    }
    Ok(Verdict::Resume(Box::new(head), repeated))
}

/// Whether this very claim was carried out before.
fn repeats(head: &Head, claim: &Claim) -> bool {
    head.term.nonce == claim.nonce && head.claim == claim.claim && head.instance == claim.instance
}

/// Makes the claim's hello the owner.
fn take(head: &mut Head, claim: &Claim) {
    head.term = Term {
        counter: head.term.counter + 1,
        nonce: claim.nonce,
    };
    head.instance = Arc::clone(&claim.instance);
    head.claim = claim.claim;
    head.tokens = claim
        .resume
        .iter()
        .map(|(_, presented)| session::hash(presented))
        .chain([session::hash(&claim.new_token)])
        .collect();
}

fn create(rows: &mut impl Rows, claim: &Claim, reason: Reason) -> Result<Claimed, StoreError> {
    let id = Arc::clone(&claim.new_session);
    let asked_anew = Claim {
        resume: None,
        positions: Vec::new(),
        ..claim.clone()
    };
    let head = match session::find(rows, &id) {
        Ok(None) => blank(rows, &asked_anew)?,
        Ok(Some(head)) if repeats(&head, claim) && head.ended.is_none() => head,
        // An id that is taken is no place for another's session.
        Ok(Some(_)) | Err(StoreError::Corrupt(_)) => {
            return Err(StoreError::Refused(Refused::Expected));
        }
        Err(error) => return Err(error),
    };
    accept(rows, &asked_anew, id, head, reason)
}

fn blank(rows: &mut impl Rows, claim: &Claim) -> Result<Head, StoreError> {
    let id = &claim.new_session;
    let sessions = session::count(rows)? + 1;
    record::save(rows, key::SESSIONS, &sessions)?;
    let mut head = Head {
        term: Term::default(),
        instance: Arc::clone(&claim.instance),
        claim: claim.claim,
        tokens: Vec::new(),
        user: claim.user.clone(),
        endpoint: claim.endpoint.clone(),
        inbox_last: 0,
        cursor: 0,
        outbox: Log::new(seed(claim).epoch(id)),
        acknowledged: 0,
        rooms: Default::default(),
        last_seen_ms: claim.wall_ms,
        ended: None,
        list: List::Payloads,
        listed_ms: claim.wall_ms,
        dead: 0,
    };
    take(&mut head, claim);
    rows.put(&key::listed(head.list.tag(), head.listed_ms, id), &[])?;
    Ok(head)
}

/// Writes down what the hello changes, and says where everything goes on.
fn accept(
    rows: &mut impl Rows,
    claim: &Claim,
    id: Arc<str>,
    mut head: Head,
    reason: Reason,
) -> Result<Claimed, StoreError> {
    let told = snapshot::tell(rows, claim, &id)?;
    let restored = told.positions.as_ref().map(|positions| Claim {
        positions: positions.clone(),
        ..claim.clone()
    });
    let claim = restored.as_ref().unwrap_or(claim);
    // What was kept with another user's session is his, also where nobody has claimed it yet.
    let memories = if reason == Reason::User {
        Vec::new()
    } else {
        speak(rows, claim)?
    };
    session::seen(rows, &id, &mut head, claim.wall_ms)?;
    let mut streams = vec![outbox(rows, claim, &id, &mut head)?];
    for (name, held) in head.rooms.clone() {
        let mut room = room::open(rows, &name, seed(claim))?;
        let position = position(claim, &name);
        streams.push(room::resume(&mut head, &name, &mut room, held, position));
        record::save(rows, &key::room(&name), &room)?;
    }
    for start in &mut streams {
        let unplaced = position(claim, &start.stream).is_none();
        if unplaced && told.lacks(&head, &start.stream) {
            start.gap.get_or_insert_with(|| Gone::Acknowledged.reason());
        }
    }
    for name in &claim.rooms {
        if head.rooms.contains_key(name) || !key::valid_room(name) || !room::has_place(&head) {
            continue;
        }
        let mut room = room::open(rows, name, seed(claim))?;
        streams.push(room::subscribe(&mut head, name, &mut room));
        record::save(rows, &key::room(name), &room)?;
    }
    session::save(rows, &id, &head)?;
    Ok(Claimed::Accepted(Box::new(Accepted {
        session: id,
        reason,
        term: head.term,
        memories,
        cursor: head.cursor,
        inbox_last: head.inbox_last,
        streams,
        snapshot: told.held,
        state: told.text,
        spoiled: told.spoiled,
    })))
}

/// Gives the hello its memories, but for those of other users.
fn speak(rows: &mut impl Rows, claim: &Claim) -> Result<Vec<Memory>, StoreError> {
    let claimant = Claimant {
        user: &claim.user,
        nonce: claim.nonce,
        wall_ms: claim.wall_ms,
    };
    let mut held = Vec::new();
    for name in &claim.memories {
        held.extend(memories::claim(rows, name, claimant)?);
    }
    Ok(held)
}

fn outbox(
    rows: &mut impl Rows,
    claim: &Claim,
    id: &str,
    head: &mut Head,
) -> Result<StreamStart, StoreError> {
    let position = position(claim, "");
    let start = head.outbox.start("", head.acknowledged, position);
    let ahead = |(epoch, number)| epoch == head.outbox.epoch && number > head.outbox.last;
    if position.is_some_and(ahead) {
        // What the client holds was written and is lost: those numbers must not come again.
        let epoch = seed(claim).epoch(id);
        head.outbox.epoch = if epoch == head.outbox.epoch {
            epoch ^ 1
        } else {
            epoch
        };
    }
    if planted::is(Bug::PositionAsAcknowledgement) && start.gap.is_none() {
        head.outbox
            .forget(rows, Place::Outbox(id), start.after, Gone::Acknowledged)?;
        head.acknowledged = start.after;
    }
    Ok(StreamStart {
        epoch: head.outbox.epoch,
        ..start
    })
}

fn position(claim: &Claim, stream: &str) -> Option<(u32, u64)> {
    let mut positions = claim.positions.iter();
    let held = positions.find(|(name, _, _)| name == stream);
    held.map(|(_, epoch, number)| (*epoch, *number))
}

const fn seed(claim: &Claim) -> Seed {
    Seed {
        nonce: claim.nonce,
        wall_ms: claim.wall_ms,
    }
}
