import { Label, Radio, RadioGroup } from "react-aria-components";

interface ReasonChoiceProps<Reason extends string> {
  label: string;
  reasons: readonly Reason[];
  names: Record<Reason, string>;
  value: Reason;
  onChange: (reason: Reason) => void;
}

/** One of a closed set of reasons. */
export function ReasonChoice<Reason extends string>(props: ReasonChoiceProps<Reason>) {
  const { label, reasons, names, value, onChange } = props;
  return (
    <RadioGroup
      className="choice lines"
      value={value}
      onChange={(chosen) => onChange(chosen as Reason)}
    >
      <Label>{label}</Label>
      {reasons.map((reason) => (
        <Radio key={reason} value={reason} className="line-choice">
          <span className="dot" aria-hidden="true" />
          <span>{names[reason]}</span>
        </Radio>
      ))}
    </RadioGroup>
  );
}
