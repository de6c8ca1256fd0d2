/**
 * Labels of many kinds, written for glz: what a text may be about, ask for, feel or be. Beside a caller's labels the nearest of them stand for what
 * the caller's set does not name (label-fit.ts). Not the labels of any data set.
 */

const TOPICS = `agriculture, animals, archaeology, architecture, art, astronomy, aviation, biology, books, business, cars, charity, chemistry, childhood, cities,
climate, clothing, comedy, comics, computers, construction, consumer rights, cooking, crime, culture, cycling, dance, death, defence, democracy, design, disasters,
diplomacy, ecology, economy, education, elections, electronics, employment, energy, engineering, entertainment, environment, ethics, family, farming, fashion, festivals, film,
finance, fishing, fitness, folklore, food, football, forests, friendship, games, gardening, genetics, geography, geology, government, handicraft, health, history, hobbies,
holidays, home improvement, housing, human rights, hunting, immigration, industry, inequality, insurance, international relations, internet, investment, jobs, journalism,
justice, language, law, leisure, literature, local news, logistics, love, manufacturing, marketing, marriage, mathematics, media, medicine, memory, migration, military,
mining, money, museums, music, mythology, nature, nutrition, oceans, opinion, parenting, pets, philosophy, photography, physics, poetry, police, politics, pollution, poverty,
privacy, property, psychology, public transport, radio, real estate, religion, research, restaurants, retail, robotics, royalty, rural life, sailing, schools, science, security,
shipping, shopping, social media, society, software, space, sport, startups, statistics, sustainability, taxes, technology, telecommunications, television, tennis, terrorism,
theatre, tourism, trade, traffic, travel, universities, video games, volunteering, war, waste, water, weather, weddings, wildlife, wine, women, youth, zoos`;

const FIELDS = `accounting, acoustics, algebra, allergies, anaesthesia, anatomy, anthropology, antitrust, arbitration, artificial intelligence, bacteria, banking law, bankruptcy,
biodiversity, biotechnology, blood diseases, bones and joints, botany, brain and nerves, cancer, cell division, cell death, child protection, clinical trials, contract law, copyright,
corporate governance, criminal procedure, cryptography, cybersecurity, data protection, databases, dentistry, dermatology, diabetes, digestive system, drug development,
ear, nose and throat, ecosystems, electrical engineering, emergency medicine, employment law, endocrinology, epidemiology, evolution, eye diseases, family law, fertility,
fluid mechanics, free speech, gene expression, graph theory, gynaecology, heart and circulation, hormones, immigration law, immune system, infectious disease, inflammation, injuries,
intellectual property, kidney disease, linguistics, liver disease, lung disease, machine learning, marine biology, materials science, mental health, metabolism, microbiology,
molecular biology, mutations, nanotechnology, neuroscience, nuclear physics, nursing, obesity, operating systems, optics, organic chemistry, paediatrics, pain, parasites, patents,
pathology, pharmacy, plate tectonics, pregnancy and birth, probability theory, proteins, psychiatry, public administration, public health, quantum mechanics, radiology,
rehabilitation, rheumatology, sexual health, signal processing, sociology, stem cells, surgery, tax law, thermodynamics, tort law, toxicology, tumour growth, urology, vaccines,
veterinary medicine, viruses, water law, zoology`;

const ECONOMY_AND_STATE = `aid to developing countries, alcohol and tobacco, aluminium, bond market, borders, budget deficit, civil rights, clean drinking water, coal, cocoa, company
earnings, company takeover, consumer prices, copper, cotton, courts and judges, crude oil, currency exchange, customs duties, dividends, employment figures, energy supply,
executive power, fertiliser, fisheries policy, foreign debt, foreign trade, gender equality, gold, grain, health care system, housing policy, hunger, industrial production,
inflation, infrastructure, innovation, interest rates, labour unions, land use, livestock, lumber, meat, minority rights, money supply, natural gas, natural resources, nuclear weapons, nutrition
programmes, oilseeds, palm oil, peace and institutions, pensions, pharmaceuticals, prisons, private property, public land, public spending, rice, rubber, school funding, shares, ships,
silver, social welfare, soya beans, steel, stock exchange, strikes, sugar, tariffs, tea, tin, trade balance, unemployment, vegetable oil, voting rights, wages, wheat, wool, zinc`;

const COMPUTING = `API documentation, app crash, authentication, authorisation, automated testing, backup and recovery, browser problem, build failure, bug report, caching, change
log, cloud storage, code review, command line, compiler, compatibility, concurrency, configuration, contact and support, content management, continuous integration, contributing
guide, data import, data structures, database query, debugging, deployment, development environment, disk space, documentation, email client, encryption, error handling,
examples of use, feature request, file formats, functional programming, game engine, graphics, hardware, image processing, installation, interface design, licence, logging,
memory leak, merge conflict, mobile app, networking, object-oriented programming, open source, package manager, performance, permissions, plug-in, portability, printing, programming
language, project status, regular expressions, release notes, reliability, scalability, screenshots, scripting, search engine, server administration, shell, spreadsheet, system
requirements, testing, text editor, threads, troubleshooting, usability, user account, user interface, version control, virtual machine, web development, web framework, web server,
window manager, wireless network, C++, Go, Haskell, Java, JavaScript, Kotlin, Perl, PHP, Python, R, Ruby, Rust, Scala, SQL, Swift, Android, Linux, Windows`;

const REQUESTS = `account locked, activate something, add a user, apply for something, ask for a discount, ask for a document, ask for a person to talk to, ask for advice, ask for directions,
ask for help, ask for opening hours, ask for permission, ask for the price, ask for the time, ask how long it takes, ask why something failed, ask where something is, available
sizes, balance is wrong, book a room, book a table, buy a ticket, call someone, cancel a booking, cancel a payment, cancel a subscription, card does not work, change a booking, change a
password, change an address, change of plan, charged twice, check availability, check the status, claim on a warranty, close an account, compare offers, complaint about
service, confirm an appointment, connect a device, convert currency, damaged goods, delete data, delivery is late, deposit not received, direct debit, download problem, exchange an item, extra fee,
find a place, forgotten password, gift voucher, identity check, income and payslip, invoice, join a group, leave a message, limit reached, link an account, lost property, lost or stolen card, lower
a bill, make a list, make a reservation, make an appointment, missing item, money transfer, new card, open an account, order a meal, parking, pay a bill, payment failed, phone number, play music,
price is wrong, problem with a machine, product information, put on hold, receive money, recommend something, refund, remove something, renew a contract, rent a car, repair, report a theft, report an
error, report fraud, request a quote, reset settings, return goods, roaming, schedule a meeting, see a menu, sell something, send money abroad, set a reminder, set an alarm, sign up,
speak to a manager, stop a service, subscription, technical support, top up, track a parcel, translate, turn off, turn on, unknown payment, unsubscribe, update the app, upgrade, use a
coupon, verify something, virtual card, wait for an answer, withdraw cash, working hours, wrong amount, wrong order`;

const FEELINGS_AND_MANNERS = `admiration, agreement, amusement, anger, annoyance, anticipation, anxiety, apology, approval, boredom, caring, confidence, confusion, contempt, curiosity, desire,
despair, disagreement, disappointment, disapproval, disgust, doubt, embarrassment, enthusiasm, envy, excitement, fear, frustration, gratitude, grief, guilt, hate, hope, hurt, impatience,
indifference, jealousy, joy, loneliness, longing, nervousness, nostalgia, optimism, pessimism, pity, pride, realisation, regret, relief, remorse, resentment, respect, sadness, satisfaction,
shame, shock, shyness, surprise, sympathy, tenderness, trust, worry, good, bad, mixed, neutral, excellent, terrible, praise, criticism, complaint, compliment, sarcasm, joke, insult, threat,
encouragement, polite, rude, formal, informal, honest, dishonest, true, false, certain, uncertain, urgent, important, trivial, easy, difficult, cheap, expensive, clean, dirty, safe, dangerous`;

const KINDS_OF_TEXT = `abstract, advertisement, advice, announcement, answer, argument, biography, call for action, cause, claim, comment, comparison, conclusion, confession, conversation,
correction, date or time, definition, description, dialogue, diary, disclaimer, evidence, example, explanation, fact, fiction, forecast, greeting, headline, history of something, how-to,
idiom, instruction, introduction, invitation, law text, legal notice, letter, list, meaning of a word, method, minutes of a meeting, motto, name of a person, name of a place, name of a thing, news
report, notice, number or amount, obituary, offer, opinion piece, order, personal story, plan, plot summary, poem, prayer, prediction, press release, promise, proposal, proverb, question,
quotation, reason, recipe, recommendation, reminder, report, request, result, review, riddle, rule, rumour, schedule, sermon, slogan, song, spam, speech, statement, story, suggestion,
summary, survey, table of contents, teaching material, technical specification, testimony, thanks, title, translation, warning, wish, abbreviation, group or organisation, animal or plant, colour, distance,
duration, event, food or drink, illness, invention, language name, manner, measure, organ of the body, percentage, speed, temperature, vehicle, weight`;

const GOODS = `baby food, baking ingredients, bathroom, batteries, bedding, beer, bicycles, biscuits, bread, breakfast cereal, butter and margarine, cakes, camping, candles, canned fish, canned vegetables,
cat food, cheese, chewing gum, chips, chocolate, cleaning products, coffee, cosmetics, crackers, cream, curtains, dog food, dried fruit, eggs, fish and seafood, flour, flowers, fresh fruit, fresh herbs, fresh vegetables,
frozen meals, frozen vegetables, fruit juice, furniture, garden tools, glassware, hair care, honey and jam, ice cream, jewellery, kitchen tools, lamps, laundry, lighting, medicine and first aid, milk,
mineral water, musical instruments, nuts, oil and vinegar, olives, paint, paper goods, pasta, pet supplies, pickles, pizza, plastic bags, poultry, ready meals, salad, salt and pepper, sauces, sausages, shaving,
shoes, skin care, soap, soft drinks, soup, spices, spirits, stationery, sweets, syrup, tofu and meat substitutes, tools, toothpaste, towels, toys, vitamins, watches, yoghurt`;

const EVENTS_AND_LIFE = `accident, aid and donations, air quality, blocked road, building damage, celebrity, concert, demonstration, drought, earthquake, evacuation, exhibition, explosion, fire,
flood, heat wave, injured people, landslide, missing people, power cut, rescue, shelter, storm, vaccination, volcanic eruption, birthday, buying a house, caring for parents, children's education, daily
routine, dating, diet, driving, exams, exercise, family life, getting old, home life, internet culture, learning a language, moving house, neighbours, night life, office life, party, retirement, school life,
sleep, student life, time management, travel plans, unemployment benefit, work and career, bullying, addiction, gambling, hate speech, nudity, self-harm, violence, swearing, politics of a city, science
fiction, horror, fantasy, crime fiction, romance, documentary, cartoons, pop music, rock music, classical music, jazz, hip hop, basketball, baseball, boxing, cricket, golf, hockey, martial arts, motor racing,
olympic games, rugby, skiing, swimming, winter sports, chess, card games, board games`;

const listOf = (text: string): string[] => text.split(',').map((label) => label.trim().replace(/\s+/g, ' '));

/** All of them, each once. */
export const BACKGROUND_LABELS: readonly string[] = [
  ...new Set(
    [TOPICS, FIELDS, ECONOMY_AND_STATE, COMPUTING, REQUESTS, FEELINGS_AND_MANNERS, KINDS_OF_TEXT, GOODS, EVENTS_AND_LIFE].flatMap(listOf),
  ),
];
