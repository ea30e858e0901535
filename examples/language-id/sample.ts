/** A phrase of each language that the demo and its page begin with. */
export const SAMPLE: readonly string[] = [
  'Kde je nejbližší nádraží?',
  'Wo ist der nächste Bahnhof?',
  'The weather is lovely today',
  'Me gustaría un café con leche',
  'Hyvää huomenta kaikille',
  "Il y a un chat sur le toit de l'école",
  'Köszönöm szépen a segítséget',
  'Selamat pagi, apa kabar?',
  'La bicicletta è nel giardino',
  'De hond slaapt onder de tafel',
  'Dziękuję bardzo za pomoc',
  'O gato está dormindo na janela',
  'Câinele doarme sub masă',
  'Barnen leker i trädgården',
  'Çocuklar bahçede oynuyor',
  'Hôm nay trời đẹp quá',
];
