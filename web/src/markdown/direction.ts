const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const LETTER = /\p{L}/u;

/**
 * Direction of a block of text: the majority of its strong letters. (`dir=auto` looks at the
 * first letter only and fails when Arabic opens with a Latin word.)
 */
export function directionOf(text: string): "ltr" | "rtl" {
  let balance = 0;
  for (const character of text) {
    if (!LETTER.test(character)) continue;
    balance += RIGHT_TO_LEFT.test(character) ? 1 : -1;
  }
  return balance > 0 ? "rtl" : "ltr";
}
