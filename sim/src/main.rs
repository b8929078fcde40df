//! `steadfast-sim`: plays many seeds, or one.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use serde_json::json;
use steadfast_sim::shrink::{command, shrink};
use steadfast_sim::{Broken, Class, Classes, Plan, Reduction, Tally, Trace, World};

/// Plays clients and a server against each other on bad days that are drawn from seeds, and checks
/// after every step that no message is lost, doubled or reordered.
#[derive(Parser)]
#[command(name = "steadfast-sim")]
struct Options {
    /// How many seeds to play.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// With --seed: print what happens.
    #[arg(long)]
    trace: bool,
    /// With --seed: kinds of fault to leave out.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// With --seed: the acts to keep.
    #[arg(long, value_delimiter = ',')]
    keep: Option<Vec<usize>>,
    /// With --seed: play it as it is, without looking for a smaller part that breaks the same rule.
    #[arg(long)]
    whole: bool,
    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
    /// Plant one mistake after another in engine and server, and show which seed notices it. Needs the
    /// feature `canaries`.
    #[arg(long)]
    canaries: bool,
    /// Threads; 0: as many as there are cores.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match options.seed {
        _ if options.canaries => show_canaries(&options),
        Some(seed) => play_one(seed, &options),
        None => play_many(&options),
    }
}

fn play_one(seed: u64, options: &Options) -> ExitCode {
    let mut without = Classes::default();
    for name in &options.without {
        let Some(class) = Class::ALL.iter().find(|class| class.name() == name) else {
            let names: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
            eprintln!(
                "no kind of fault is called {name}; there are: {}",
                names.join(", ")
            );
            return ExitCode::FAILURE;
        };
        without.add(*class);
    }
    let reduction = Reduction {
        without,
        keep: options.keep.clone(),
    };
    let trace = if options.trace {
        Trace::Lines(Vec::new())
    } else {
        Trace::hash()
    };
    let day = World::play(Plan::reduced(seed, &reduction), trace);
    match &day.trace {
        Trace::Lines(lines) => lines.iter().for_each(|line| println!("{line}")),
        Trace::Hash(hash) => println!("trace {hash:#018x}, {:?}", day.tally),
        Trace::Off => {}
    }
    match day.broken {
        None => ExitCode::SUCCESS,
        Some(broken) => {
            eprintln!("seed {seed} breaks {broken}");
            if !options.whole && !options.trace {
                show_smaller(seed, &reduction, &broken);
            }
            ExitCode::FAILURE
        }
    }
}

fn play_many(options: &Options) -> ExitCode {
    let begun = Instant::now();
    let next = AtomicU64::new(options.from);
    let end = options.from + options.seeds;
    eprintln!("seeds from {} up to, not including, {end}", options.from);
    let found: Mutex<(Tally, Vec<(u64, Broken)>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads(options) {
            scope.spawn(|| {
                let mut tally = Tally::default();
                let mut broken = Vec::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let day = World::play(Plan::draw(seed), Trace::Off);
                    tally.add(&day.tally);
                    broken.extend(day.broken.map(|what| (seed, what)));
                }
                if let Ok(mut found) = found.lock() {
                    found.0.add(&tally);
                    found.1.extend(broken);
                }
            });
        }
    });
    let (tally, mut broken) = found.into_inner().unwrap_or_default();
    broken.sort_by_key(|(seed, _)| *seed);
    report(options, &tally, &broken, begun.elapsed().as_secs_f64());
    let Some((seed, what)) = broken.first() else {
        return ExitCode::SUCCESS;
    };
    for (seed, what) in &broken {
        eprintln!(
            "seed {seed} breaks {what}\n  {}",
            command(*seed, &Reduction::default())
        );
    }
    show_smaller(*seed, &Reduction::default(), what);
    ExitCode::FAILURE
}

fn report(options: &Options, tally: &Tally, broken: &[(u64, Broken)], seconds: f64) {
    let result = json!({
        "seeds": options.seeds,
        "violations": broken.len(),
        "seconds": (seconds * 10.0).round() / 10.0,
        "steps": tally.steps,
        "faults": tally.faults,
        "resumes": tally.resumes,
        "replays": tally.replays,
        "takeovers": tally.takeovers,
        "redeliveries": tally.redeliveries,
        "gaps": tally.gaps,
        "lostSessions": tally.lost_sessions,
        "dropped": tally.dropped,
        "deadLetters": tally.dead,
        "units": tally.units,
        "pageDeaths": tally.page_deaths,
        "rowsRestored": tally.rows_restored,
        "adoptions": tally.adoptions,
        "snapshots": tally.snapshots,
        "staleSaves": tally.stale_saves,
        "restores": tally.restores,
        "storageFailures": tally.storage_failures,
        "messages": { "up": tally.up, "down": tally.down },
    });
    if options.json {
        println!("{result}");
    } else {
        println!("{result:#}");
    }
}

#[cfg(feature = "canaries")]
fn show_canaries(options: &Options) -> ExitCode {
    use steadfast_sim::canaries::Canary;
    let mut results = Vec::new();
    for canary in Canary::ALL {
        let caught = canary.find(options.seeds, threads(options));
        let name = canary.name();
        if !options.json {
            match &caught {
                Some((seed, broken)) => println!("{name}: seed {seed} breaks {broken}"),
                None => println!("{name}: NOT NOTICED within {} seeds", options.seeds),
            }
        }
        results.push((name, caught));
    }
    let missed = results
        .iter()
        .filter(|(_, caught)| caught.is_none())
        .count();
    if options.json {
        let canaries: Vec<_> = results
            .iter()
            .map(|(name, caught)| match caught {
                Some((seed, broken)) => json!({
                    "bug": name, "caught": true, "seed": seed, "rule": broken.rule, "what": broken.what,
                }),
                None => json!({ "bug": name, "caught": false }),
            })
            .collect();
        println!(
            "{}",
            json!({ "seeds": options.seeds, "missed": missed, "canaries": canaries })
        );
    }
    if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(not(feature = "canaries"))]
fn show_canaries(_: &Options) -> ExitCode {
    eprintln!(
        "built without mistakes to plant: cargo run --release -p steadfast-sim --features canaries -- --canaries"
    );
    ExitCode::FAILURE
}

fn threads(options: &Options) -> usize {
    if options.threads > 0 {
        return options.threads;
    }
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Looks for the smallest part of the day that breaks the same rule, and prints how it goes.
fn show_smaller(seed: u64, reduction: &Reduction, broken: &Broken) {
    eprintln!("to play it again:\n  {}", command(seed, reduction));
    eprintln!("looking for a smaller day that breaks {} ...", broken.rule);
    let shrunk = shrink(seed, reduction, broken, TRIES);
    let skipped = shrunk.lines.len().saturating_sub(LINES);
    if skipped > 0 {
        eprintln!("({skipped} lines before)");
    }
    for line in &shrunk.lines[skipped..] {
        eprintln!("{line}");
    }
    eprintln!("seed {seed} breaks {}", shrunk.broken);
    eprintln!(
        "to play this part again:\n  {}",
        command(seed, &shrunk.reduction)
    );
}

/// Days that are played to find a smaller one.
const TRIES: usize = 600;
/// Lines of a trace that are shown; all can be had with --trace.
const LINES: usize = 200;
