//! What the sample shop is made of: people, shops, categories, products and prices.

/// Given names, as different as a shop's customers.
pub const GIVEN: [&str; 40] = [
    "Amélie", "Brian", "Chiara", "Daniel", "Elif", "Farid", "Greta", "Hugo", "Inès", "Jonas", "Katarzyna", "Luca",
    "Maya", "Noah", "Olga", "Pedro", "Quentin", "Rosa", "Samuel", "Tomasz", "Uma", "Victor", "Wanda", "Xavier",
    "Yasmin", "Zoë", "Aisha", "Bruno", "Céline", "Dmitri", "Emma", "Felix", "Hana", "Ivan", "Julia", "Kofi", "Leïla",
    "Mateo", "Nadia", "Oscar",
];

/// Family names.
pub const FAMILY: [&str; 40] = [
    "Almeida", "Bernard", "Conti", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Janssens", "Kowalski",
    "Lambert", "Moreau", "Novák", "Okafor", "Peeters", "Quinn", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vermeulen",
    "Weber", "Yılmaz", "Zimmermann", "Andersen", "Baker", "Costa", "Diallo", "Evans", "Fontaine", "Gruber", "Horvat",
    "Ito", "Jansen", "Khan", "Laurent", "Mendes", "Nielsen", "O'Brien",
];

/// A category with the index of its parent.
pub type CategoryRow = (&'static str, Option<usize>);

/// The tills' categories.
pub const POS_CATEGORIES: [CategoryRow; 12] = [
    ("Furniture", None),
    ("Chairs", Some(0)),
    ("Tables", Some(0)),
    ("Lamps", Some(0)),
    ("Café", None),
    ("Hot drinks", Some(4)),
    ("Cold drinks", Some(4)),
    ("Pastry", Some(4)),
    ("Toys", None),
    ("Wooden toys", Some(8)),
    ("Board games", Some(8)),
    ("Books", None),
];

/// The accountants' categories.
pub const PRODUCT_CATEGORIES: [CategoryRow; 8] = [
    ("All", None),
    ("Saleable", Some(0)),
    ("Furniture", Some(1)),
    ("Food", Some(1)),
    ("Drinks", Some(3)),
    ("Toys and games", Some(1)),
    ("Books", Some(1)),
    ("Services", Some(0)),
];

/// A product: name, price with tax in cents, tax in per cent, index of its POS category, of its product category.
pub type ProductRow = (&'static str, i64, i64, usize, usize);

/// Everything that is sold.
pub const PRODUCTS: [ProductRow; 58] = [
    ("Office chair", 14_900, 15, 1, 2),
    ("Folding chair", 2_995, 15, 1, 2),
    ("Rocking chair", 18_900, 15, 1, 2),
    ("Bar stool", 6_950, 15, 1, 2),
    ("Bench, oak", 21_500, 15, 1, 2),
    ("Chair cushion", 1_495, 15, 1, 2),
    ("Desk, corner", 32_900, 15, 2, 2),
    ("Desk, small", 15_900, 15, 2, 2),
    ("Dining table", 44_900, 15, 2, 2),
    ("Coffee table", 12_950, 15, 2, 2),
    ("Bedside table", 7_900, 15, 2, 2),
    ("Folding table", 5_495, 15, 2, 2),
    ("Desk lamp", 3_990, 15, 3, 2),
    ("Floor lamp", 8_900, 15, 3, 2),
    ("Pendant lamp", 6_400, 15, 3, 2),
    ("String lights", 1_990, 15, 3, 2),
    ("Bulb, LED", 650, 15, 3, 2),
    ("Shelf, three boards", 9_900, 15, 0, 2),
    ("Coat stand", 5_900, 15, 0, 2),
    ("Mirror, round", 7_250, 15, 0, 2),
    ("Espresso", 220, 5, 5, 4),
    ("Double espresso", 290, 5, 5, 4),
    ("Cappuccino", 360, 5, 5, 4),
    ("Flat white", 390, 5, 5, 4),
    ("Filter coffee", 280, 5, 5, 4),
    ("Hot chocolate", 380, 5, 5, 4),
    ("Green tea", 320, 5, 5, 4),
    ("Mint tea", 320, 5, 5, 4),
    ("Lemonade", 350, 5, 6, 4),
    ("Iced tea", 350, 5, 6, 4),
    ("Apple juice", 330, 5, 6, 4),
    ("Sparkling water", 240, 5, 6, 4),
    ("Cold brew", 420, 5, 6, 4),
    ("Croissant", 210, 5, 7, 3),
    ("Pain au chocolat", 250, 5, 7, 3),
    ("Cinnamon roll", 340, 5, 7, 3),
    ("Carrot cake", 450, 5, 7, 3),
    ("Cheesecake", 490, 5, 7, 3),
    ("Quiche", 690, 5, 7, 3),
    ("Brownie", 320, 5, 7, 3),
    ("Building blocks", 2_490, 15, 9, 5),
    ("Train set", 4_990, 15, 9, 5),
    ("Pull-along duck", 1_690, 15, 9, 5),
    ("Stacking rings", 1_290, 15, 9, 5),
    ("Doll's house", 11_900, 15, 9, 5),
    ("Spinning top", 690, 15, 9, 5),
    ("Marble run", 3_990, 15, 8, 5),
    ("Kite", 1_990, 15, 8, 5),
    ("Puzzle, 500 pieces", 1_590, 15, 10, 5),
    ("Chess set", 3_490, 15, 10, 5),
    ("Card game", 990, 15, 10, 5),
    ("Memory game", 1_290, 15, 10, 5),
    ("Trading game", 3_990, 15, 10, 5),
    ("Picture book", 1_450, 5, 11, 6),
    ("Cook book", 2_990, 5, 11, 6),
    ("Paperback novel", 1_190, 5, 11, 6),
    ("Design yearbook", 4_500, 5, 11, 6),
    ("Notebook", 850, 15, 11, 6),
];

/// The shops, with the POS categories that each mostly sells (indexes of roots and leaves).
pub const SHOPS: [(&str, &[usize]); 3] = [
    ("Furniture Shop", &[0, 1, 2, 3, 11]),
    ("Corner Café", &[5, 6, 7]),
    ("Toys & Books", &[8, 9, 10, 11]),
];
