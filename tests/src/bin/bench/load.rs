//! Load over keep-alive connections, and its results.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::Outcome;
use super::phone::Line;
use super::server::Server;

pub(super) struct Found {
    pub(super) latencies: Histogram<u64>,
    pub(super) took: Duration,
    pub(super) processor: Option<Duration>,
}

impl Found {
    pub(super) fn done(&self) -> u64 {
        self.latencies.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    pub(super) fn rate(&self) -> f64 {
        self.done() as f64 / self.took.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "microseconds of a few seconds")]
    pub(super) fn line(&self, report: &mut String, name: &str, connections: usize) -> Outcome<()> {
        let at = |quantile| self.latencies.value_at_quantile(quantile) as f64 / 1000.0;
        let processor = self.processor.map_or_else(
            || "-".to_owned(),
            |time| format!("{:.0}", time.as_secs_f64() * 1e6 / self.done() as f64),
        );
        writeln!(
            report,
            "| {name} | {connections} | {:.0} | {:.2} | {:.2} | {processor} |",
            self.rate(),
            at(0.5),
            at(0.99)
        )?;
        Ok(())
    }
}

/// Makes a request.
pub(super) type Request = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// Sends requests over this many connections for a while. Any answer other than 2xx ends the benchmark.
pub(super) async fn load(
    server: &Server,
    connections: usize,
    time: Duration,
    request: &Request,
) -> Outcome<Found> {
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Line::open(server.address).await?);
    }
    let turn = Arc::new(AtomicUsize::new(0));
    let processor = server.processor_time()?;
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for mut line in lines {
        let (request, turn) = (Arc::clone(request), Arc::clone(&turn));
        running.spawn(async move {
            let mut latencies = Histogram::<u64>::new_with_max(60_000_000, 3)?;
            while began.elapsed() < time {
                let bytes = request(turn.fetch_add(1, Ordering::Relaxed));
                let sent = Instant::now();
                let status = line.ask(&bytes).await?;
                if !(200..300).contains(&status) {
                    return Err(format!("answered {status}: {}", String::from_utf8_lossy(line.body())).into());
                }
                latencies.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
            }
            Outcome::Ok(latencies)
        });
    }
    let mut latencies = Histogram::new_with_max(60_000_000, 3)?;
    while let Some(result) = running.join_next().await {
        latencies.add(result??)?;
    }
    let took = began.elapsed();
    Ok(Found { latencies, took, processor: Some(server.processor_time()?.saturating_sub(processor)) })
}
