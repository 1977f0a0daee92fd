import { Label, Radio, RadioGroup } from "react-aria-components";

import { useDeskTexts } from "../../../messages/desk/texts";
import { useMessages } from "../../../messages/messages";
import { isRole, type Role } from "../role";

interface RoleChoiceProps {
  roles: readonly Role[];
  value: string;
  onChange: (role: string) => void;
  hasFocus?: boolean;
}

/** The roles that may be given, each with what it may do. */
export function RoleChoice({ roles, value, onChange, hasFocus = false }: RoleChoiceProps) {
  const { account } = useMessages();
  const { people } = useDeskTexts();
  return (
    <RadioGroup className="choice lines" value={value} onChange={onChange}>
      <Label>{people.role}</Label>
      {roles.map((role, at) => (
        <Radio
          key={role}
          value={role}
          className="line-choice"
          autoFocus={hasFocus && (isRole(value) ? role === value : at === 0)}
        >
          <span className="dot" aria-hidden="true" />
          <span>
            <strong>{account.roles[role]}</strong> <small>{people.roleTexts[role]}</small>
          </span>
        </Radio>
      ))}
    </RadioGroup>
  );
}
