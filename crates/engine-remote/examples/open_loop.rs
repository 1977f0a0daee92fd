//! Asks a server at a steady rate, whether or not it keeps up, and tells how long answers took:
//! each is timed from the moment at which it was due, so that a server that stalls is charged for
//! all that it kept waiting. `make bench-gateway` runs it.
//!
//! ```text
//! open_loop ADDRESS KEY BODY CONNECTIONS RATE COUNT
//! ```
//!
//! `BODY` is the file of a chat request, `RATE` the requests a second; 0 asks as fast as answers
//! come. It prints one line of JSON; an answer that is not whole, or not 200, ends it with an error.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it is a client, and it waits for a due time")]

use std::{
    fs,
    io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

const USAGE: &str = "usage: open_loop ADDRESS KEY BODY CONNECTIONS RATE COUNT";
const HANG_GUARD: Duration = Duration::from_mins(2);
const NANOS_PER_SECOND: u64 = 1_000_000_000;

fn main() -> io::Result<()> {
    let plan = Plan::of(std::env::args().skip(1))?;
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    let results = thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.connections)
            .map(|_| scope.spawn(|| ask_in_turn(&plan, &next, begun)))
            .collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let wall = begun.elapsed();
    let mut taken = Vec::new();
    for result in results {
        taken.extend(result.map_err(|_| io::Error::other("a connection's thread panicked"))??);
    }
    taken.sort_unstable();
    println!(
        "{{\"requests\": {}, \"micros\": {}, \"p50_us\": {}, \"p90_us\": {}, \"p99_us\": {}, \
         \"p999_us\": {}, \"max_us\": {}}}",
        taken.len(),
        wall.as_micros(),
        share(&taken, 500),
        share(&taken, 900),
        share(&taken, 990),
        share(&taken, 999),
        share(&taken, 1000),
    );
    Ok(())
}

/// The time in microseconds within which so many of a thousand answers came.
fn share(taken: &[Duration], permille: usize) -> u128 {
    let place = taken.len().saturating_sub(1) * permille / 1000;
    taken.get(place).map_or(0, Duration::as_micros)
}

struct Plan {
    address: String,
    request: Vec<u8>,
    connections: usize,
    /// Between two requests; none where they follow each other as fast as answers come.
    interval_nanos: Option<u64>,
    count: u64,
}

impl Plan {
    fn of(mut arguments: impl Iterator<Item = String>) -> io::Result<Plan> {
        let mut next = || arguments.next().ok_or_else(|| io::Error::other(USAGE));
        let (address, key, body) = (next()?, next()?, fs::read(next()?)?);
        let connections = next()?.parse().map_err(io::Error::other)?;
        let rate: u64 = next()?.parse().map_err(io::Error::other)?;
        let count = next()?.parse().map_err(io::Error::other)?;
        let mut request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend(body);
        let interval_nanos = NANOS_PER_SECOND.checked_div(rate);
        Ok(Plan { address, request, connections, interval_nanos, count })
    }

    /// When request `number` is to be sent.
    fn due(&self, begun: Instant, number: u64) -> Instant {
        match self.interval_nanos {
            Some(interval) => begun + Duration::from_nanos(interval.saturating_mul(number)),
            None => Instant::now(),
        }
    }
}

/// Takes the next request that is due until there are no more, over one connection.
fn ask_in_turn(plan: &Plan, next: &AtomicU64, begun: Instant) -> io::Result<Vec<Duration>> {
    let mut connection = Connection::open(&plan.address)?;
    let mut taken = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.count {
            return Ok(taken);
        }
        let due = plan.due(begun, number);
        if let Some(early) = due.checked_duration_since(Instant::now()) {
            thread::sleep(early);
        }
        if let Err(error) = connection.ask(&plan.request) {
            // Servers close connections that were idle; what was not answered is asked again.
            if !matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
            ) {
                return Err(error);
            }
            connection = Connection::open(&plan.address)?;
            connection.ask(&plan.request)?;
        }
        taken.push(due.elapsed());
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

/// How the end of a body is known.
enum Length {
    Bytes(u64),
    Chunks,
}

impl Connection {
    fn open(address: &str) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANG_GUARD))?;
        Ok(Connection { stream: BufReader::new(stream), line: String::new(), body: Vec::new() })
    }

    fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(request)?;
        self.read_line()?;
        if self.line.split(' ').nth(1) != Some("200") {
            return Err(io::Error::other(format!("refused: {}", self.line)));
        }
        match self.read_head()? {
            Length::Bytes(count) => self.read_body(count),
            Length::Chunks => self.read_chunks(),
        }
    }

    fn read_head(&mut self) -> io::Result<Length> {
        let mut length = None;
        loop {
            self.read_line()?;
            if self.line.is_empty() {
                return length.ok_or_else(|| io::Error::other("an answer without a length"));
            }
            let Some((name, value)) = self.line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(Length::Bytes(value.trim().parse().map_err(io::Error::other)?));
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Some(Length::Chunks);
            }
        }
    }

    fn read_chunks(&mut self) -> io::Result<()> {
        loop {
            self.read_line()?;
            let size = self.line.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            self.read_body(size)?;
            self.read_line()?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn read_body(&mut self, count: u64) -> io::Result<()> {
        self.body.clear();
        let read = self.stream.by_ref().take(count).read_to_end(&mut self.body)?;
        if u64::try_from(read).is_ok_and(|read| read == count) {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads a line into `self.line`, without its end.
    fn read_line(&mut self) -> io::Result<()> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.line.truncate(self.line.trim_end().len());
        Ok(())
    }
}
