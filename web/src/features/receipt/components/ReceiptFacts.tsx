import type { ReactNode } from "react";

import { Bidi } from "../../../components/Bidi";
import { Figure } from "../../../components/Figure";
import { formatMoment } from "../../../format/date";
import { formatCount } from "../../../format/quantity";
import { regionName } from "../../../format/region";
import { useSpeech } from "../../../messages/messages";
import type { Statement } from "../receipt";

/** What a receipt states, in plain words. */
export function ReceiptFacts({ statement }: { statement: Statement }) {
  const { locale, messages } = useSpeech();
  const { receipt: texts, provenance } = messages;
  const { model, engine, tokens, energy, emissions, log, policy, documents } = statement;
  const count = (value: number): string => formatCount(value, locale).text;
  return (
    <dl>
      <Fact name={texts.answered}>{formatMoment(new Date(statement.at / 1000), locale)}</Fact>
      <Fact name={texts.model}>
        <Bidi>{model.id}</Bidi>
        <small>{model.digest === null ? texts.notStated : <Exact text={model.digest} />}</small>
      </Fact>
      <Fact name={texts.engine}>
        {engine === null ? (
          texts.notStated
        ) : (
          <>
            <Bidi direction="ltr">{`Galerne ${engine.version}`}</Bidi>
            <small>
              <Exact
                text={[engine.cpu_path, engine.kv_cache_type, engine.commit ?? ""].join(" ").trim()}
              />
            </small>
          </>
        )}
      </Fact>
      <SiteFacts site={statement.site} />
      <Fact name={texts.policy}>{policy === null ? texts.noPolicy : policy.decision}</Fact>
      <Fact name={texts.documents}>
        {documents.length === 0 ? texts.noDocuments : count(documents.length)}
      </Fact>
      <Fact name={provenance.energy}>
        <Figure
          measure="energy"
          value={energy?.joules ?? null}
          method={energy?.method ?? "unknown"}
          uncertaintyPercent={energy?.uncertainty_percent ?? null}
        />
      </Fact>
      <Fact name={provenance.emissions}>
        <Figure
          measure="co2e"
          value={emissions?.grams_co2e ?? null}
          method={emissions?.method ?? "unknown"}
          uncertaintyPercent={emissions?.uncertainty_percent ?? null}
        />
      </Fact>
      <Fact name={provenance.tokensRead}>{tokens === null ? texts.notStated : count(tokens.prompt)}</Fact>
      <Fact name={provenance.tokensWritten}>
        {tokens === null ? texts.notStated : count(tokens.completion)}
      </Fact>
      <Fact name={texts.log}>
        {texts.logEntry(count(log.index))}
        <small>
          <Exact text={log.origin} />
        </small>
      </Fact>
      <Fact name={texts.answer}>
        <small>
          <Exact text={statement.response} />
        </small>
      </Fact>
    </dl>
  );
}

/** What nobody but the operator says. */
function SiteFacts({ site }: { site: Statement["site"] }) {
  const { language, messages } = useSpeech();
  const { receipt: texts, provenance } = messages;
  const country = (code: string | null): string =>
    code === null ? texts.notStated : regionName(code, language);
  const name = site.name === "local" ? provenance.siteLocal : (site.name ?? texts.notStated);
  return (
    <>
      <Fact name={provenance.place}>
        <Bidi>{name}</Bidi>
        <small>
          {texts.country(country(site.country))}
          {site.grid_zone !== null && (
            <>
              {messages.method.separator}
              {provenance.zone(regionName(site.grid_zone, language))}
            </>
          )}
        </small>
      </Fact>
      <Fact name={texts.operator}>
        <Bidi>{site.operator ?? texts.notStated}</Bidi>
        <small>
          {texts.law(country(site.operator_country))}
          {messages.method.separator}
          {texts.parentLaw(country(site.parent_country))}
        </small>
        <small>{texts.declared}</small>
      </Fact>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** A digest, a name or an id: every character counts. */
function Exact({ text }: { text: string }) {
  return (
    <code dir="ltr" translate="no">
      {text}
    </code>
  );
}
