/** Answers as models write them: prose, lists, code, tables. The same for the same number. */

const SENTENCES = [
  "The heat of the return line tells how much of it the building has taken.",
  "A pump that runs at **half its speed** needs about an eighth of the power.",
  "Compare the two readings before you change anything, and write down when you took them.",
  "The contract names the town as the owner of `meter-7`, and the operator as its reader.",
  "Where the figures of both years are known, their difference says more than either of them.",
  "This holds for dry weather only; after rain the soil carries away up to *three times* as much.",
  "Ask the committee for the minutes of March, in which the exception was granted.",
  "See [the guidance](https://energy.example/guide?part=4) for the steps in their order.",
];

const CODE = `def daily_means(readings, zone):
    """Mean temperature of each day, in degrees Celsius."""
    days = defaultdict(list)
    for reading in readings:
        if reading.quality is not Quality.GOOD:
            continue
        days[reading.at.astimezone(zone).date()].append(reading.celsius)
    return {day: mean(values) for day, values in sorted(days.items())}
`;

/** An answer of a usual length, with a list, and every third time with code or a table. */
export function answer(number) {
  const parts = [prose(number, 3), list(number, 5), prose(number + 3, 2)];
  if (number % 3 === 1) parts.push(code("python"));
  if (number % 3 === 2) parts.push(table(number, 6));
  return parts.join("\n\n");
}

/** An answer of everything, as long as wanted. */
export function longAnswer(characters) {
  const parts = [];
  for (let number = 0; parts.join("\n\n").length < characters; number += 1) {
    parts.push(`## Step ${number + 1}`, prose(number, 4), list(number, 8), code("python"));
    parts.push(table(number, 10), prose(number + 2, 3));
  }
  return parts.join("\n\n").slice(0, characters);
}

/** An answer that is one block to its end: nothing of it is settled before it is complete. */
export function longList(characters) {
  return list(0, characters / 60).slice(0, characters);
}

function prose(number, count) {
  return Array.from({ length: count }, (_, at) => sentence(number + at)).join(" ");
}

function list(number, count) {
  const items = Array.from({ length: count }, (_, at) => `- **Item ${at + 1}.** ${sentence(number + at)}`);
  return items.join("\n");
}

function table(number, count) {
  const rows = Array.from({ length: count }, (_, at) => {
    const month = String((at % 12) + 1).padStart(2, "0");
    return `| 2026-${month} | ${(number * 7 + at * 13) % 400} kWh | \`meter-${at % 9}\` |`;
  });
  return ["| Month | Use | Meter |", "|---|---:|---|", ...rows].join("\n");
}

function code(language) {
  return `\`\`\`${language}\n${CODE}\`\`\``;
}

function sentence(number) {
  return SENTENCES[number % SENTENCES.length];
}
