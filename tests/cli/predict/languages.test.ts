/** glz-multi: texts of many languages and scripts, labels in English and in the text's own language. */
import { callGlz } from '../../call-glz.ts';

const TEXTS: Record<string, [delivery: string, payment: string]> = {
  English: ['My parcel did not arrive', 'I was charged twice'],
  German: ['Mein Paket ist nicht angekommen', 'Mir wurde zweimal Geld abgebucht'],
  French: ["Mon colis n'est pas arrivé", "J'ai été débité deux fois"],
  Spanish: ['Mi paquete no ha llegado', 'Me han cobrado dos veces'],
  Polish: ['Moja paczka nie dotarła', 'Pobrano mi pieniądze dwa razy'],
  Russian: ['Моя посылка не пришла', 'С меня дважды сняли деньги'],
  Arabic: ['لم يصل طردي', 'تم خصم المبلغ من حسابي مرتين'],
  Hindi: ['मेरा पार्सल नहीं पहुँचा', 'मुझसे दो बार पैसे लिए गए'],
  Chinese: ['我的包裹没有到', '我被扣了两次款'],
  Japanese: ['荷物が届きません', '二重に請求されました'],
  Turkish: ['Kargom gelmedi', 'Benden iki kez para çekildi'],
};
const parse = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

it('knows what nearly all texts say in eleven languages, by labels in English, and says nothing of scripts', async () => {
  const input = Object.values(TEXTS)
    .flat()
    .map((text) => `${JSON.stringify({ text })}\n`)
    .join('');
  const { code, stdout, stderr } = await callGlz(
    ['predict', '-', '--labels', 'delivery,payment', '--checkpoint', 'glz-multi', '--threads', '1'],
    { input },
  );
  expect(code).toBe(0);
  const isRight = parse(stdout).map(({ labels }, at) => labels[0] === ['delivery', 'payment'][at % 2]);
  // 21 of 22 when this was written: a Russian parcel is taken for a payment.
  expect(isRight).toHaveLength(22);
  expect(isRight.filter(Boolean).length).toBeGreaterThanOrEqual(21);
  expect(stderr).not.toContain('script');
});

it('reads labels in other languages', async () => {
  const input = `${JSON.stringify({ text: TEXTS.German[0] })}\n${JSON.stringify({ text: TEXTS.English[1] })}\n`;
  const { stdout } = await callGlz(['predict', '-', '--labels', 'Lieferung,Zahlung', '--checkpoint', 'glz-multi', '--threads', '1'], {
    input,
  });
  expect(parse(stdout).map(({ labels }) => labels[0])).toEqual(['Lieferung', 'Zahlung']);
});

it('says so where a script is one that it knows little of', async () => {
  const { code, stderr } = await callGlz([
    'predict',
    '--text',
    'ჩემი ამანათი არ მოსულა',
    '--labels',
    'delivery,payment',
    '--checkpoint',
    'glz-multi',
    '--threads',
    '1',
  ]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/\(Georgian\): scores mean little; a checkpoint's README says which languages it reads/);
});
