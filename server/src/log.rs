//! Log lines on standard error: one event, one line, each with `level`, `serviceName` and `requestId`.

use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::time::SystemTime;

use serde_json::{Map, Value};
use thiserror::Error;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::request_id::RequestId;

const SERVICE_NAME: &str = "steadfast-server";

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A JSON object: for machines.
    #[default]
    Json,
    /// Time, level, message and `name=value`: for people.
    Text,
}

/// The text names no [`LogFormat`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a log format is json or text")]
pub struct InvalidLogFormat;

impl FromStr for LogFormat {
    type Err = InvalidLogFormat;

    fn from_str(text: &str) -> Result<Self, InvalidLogFormat> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(InvalidLogFormat),
        }
    }
}

/// Sends every event of the process at `level` or above to standard error. Only the first call counts.
pub fn init(format: LogFormat, level: LevelFilter) {
    let lines = Lines {
        format,
        run: RequestId::generate(),
    };
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(level));
    // A second call finds a subscriber in place, which is what it wanted.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

struct Lines {
    format: LogFormat,
    /// Stands in as `requestId` where a line belongs to no request, so that one run can be found.
    run: RequestId,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = fields.into_line(self.format, *event.metadata().level(), &self.run);
        // A closed standard error leaves nobody to tell.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    request_id: Option<Value>,
    rest: Map<String, Value>,
}

impl Fields {
    fn into_line(self, format: LogFormat, level: Level, run: &RequestId) -> String {
        let timestamp = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let level = level.as_str().to_lowercase();
        let id = self.request_id.unwrap_or_else(|| run.as_str().into());
        match format {
            LogFormat::Json => {
                let mut line = Map::new();
                line.insert("timestamp".into(), timestamp.into());
                line.insert("level".into(), level.into());
                line.insert("serviceName".into(), SERVICE_NAME.into());
                line.insert("requestId".into(), id);
                line.insert("message".into(), self.message.into());
                line.extend(self.rest);
                format!("{}\n", Value::Object(line))
            }
            LogFormat::Text => {
                let rest: String = self
                    .rest
                    .iter()
                    .map(|(name, value)| format!(" {name}={value}"))
                    .collect();
                let message = self.message.escape_debug();
                format!(
                    "{timestamp} {level:5} {message}{rest} requestId={id} serviceName={SERVICE_NAME}\n"
                )
            }
        }
    }

    fn put(&mut self, field: &Field, value: Value) {
        match field.name() {
            "message" => {
                self.message = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            }
            "requestId" => self.request_id = Some(value),
            name => {
                self.rest.insert(name.into(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}
