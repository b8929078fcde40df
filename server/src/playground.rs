//! What the development server does with the messages of sessions: the same as with those of plain links.

use crate::sessions::{Application, Context, HandlerError, Payload};

/// Echoes what comes over `/ws`, and publishes what comes over `/hub/{room}` to the room.
pub(crate) struct Playground;

impl Application for Playground {
    async fn handle(&self, context: &mut Context, message: Payload) -> Result<(), HandlerError> {
        let room = context.endpoint().strip_prefix("/hub/").map(str::to_owned);
        match room {
            Some(room) => context.publish(&room, message),
            None => context.send(message),
        }
        Ok(())
    }
}
