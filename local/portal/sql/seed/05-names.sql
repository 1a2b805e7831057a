-- Places' names by language: heads and tails make a root (in Latin letters for the English name, in the language's own
-- for the original), kinds make it a park. Kinds of one position mean the same in all languages.

CREATE TEMP TABLE w_speech (speech text PRIMARY KEY, heads text[], tails text[], own_heads text[], own_tails text[], kinds text[]) ON COMMIT DROP;
INSERT INTO w_speech (speech, heads, tails, kinds) VALUES
('en', '{Ash,Black,Bright,Cedar,Clear,Cold,Coyote,Deer,Eagle,Elk,Fox,Grand,Green,Hunter''s,Kings,Lone,Maple,Moose,North,Oak,Otter,Pine,Raven,Red,Silver,Stone,White,Wolf}',
 '{" Bay"," Bluff",brook,burn,croft,dale," Fen"," Flats",ford," Hollow"," Island"," Lake",land,leigh,marsh,mere,moor," Point",ridge," River",shaw," Springs",stead," Swamp",ton,wick,wood,worth}',
 '{"%s National Park","%s Nature Reserve","%s Wildlife Sanctuary","%s Forest Reserve","%s Landscape Park","%s Conservation Area"}'),
('fr', '{Aigue,Beau,Bel,Chante,Clair,Font,Grand,Haute,Mont,Neuf,Pierre,Roche,Saint-Aub,Sainte-Hél,Vau,Vieux,Ville,Cœur}',
 '{aigle,bois,campagne,croix,étang,fontaine,grève,lac,loup,marais,mont,pré,rivière,roche,val,vallon,vert,vigne,ène-d''Or}',
 '{"Parc national de %s","Réserve naturelle de l''Île de %s","Réserve de faune de %s","Forêt classée de %s","Parc naturel régional de %s","Site du Conservatoire de %s"}'),
('es', '{Agua,Alta,Boca,Cañ,Cerro,Cruz,Dulce,Fuente,Gran,Laguna,Monte,Nevado,Palma,Peña,Pozo,Río,San Ma,Sierra,Torre,Valle}',
 '{blanca,brava,dorada,grande,hermosa,ladera,larga,llana,mar,negra,nueva,quemada,redonda,roja,rubia,seca,sombra,verde,viña,zul}',
 '{"Parque Nacional %s","Reserva Natural %s","Refugio de Vida Silvestre %s","Reserva Forestal %s","Paisaje Protegido %s","Área de Conservación %s"}'),
('pt', '{Água,Alto,Barra,Boa,Cachoeira,Campo,Lagoa,Mata,Monte,Morro,Pedra,Ponta,Ribeirão,Rio,São,Serra,Várzea}',
 '{" Alegre"," Branca"," Comprida"," da Onça"," das Flores"," de Baixo"," do Açaí"," dos Índios"," Dourada"," Grande"," João"," Negra"," Preta"," Verde"," Vermelha"}',
 '{"Parque Nacional %s","Reserva Biológica %s","Refúgio de Vida Silvestre %s","Floresta Nacional %s","Área de Proteção Ambiental %s","Estação Ecológica %s"}'),
('de', '{Alt,Birken,Brand,Buchen,Eich,Erlen,Fichten,Hasen,Hirsch,Hoch,Kalk,Krumm,Lang,Mühl,Nieder,Ober,Röhricht,Schön,Wald,Weiß}',
 '{ach,aue,bach,berg,brück,bruch,feld,fließ,grund,heide,horst,höhe,kuppe,leite,moor,mühle,ried,see,tal,teich,wiesen}',
 '{"Nationalpark %s","Naturschutzgebiet %s","Wildschutzgebiet %s","Naturwaldreservat %s","Landschaftsschutzgebiet %s","Geschützter Landschaftsbestandteil %s"}'),
('sv', '{Björk,Blå,Ek,Fjäll,Gran,Hög,Käll,Lång,Lilla ,Mörk,Norr,Östra ,Röd,Sand,Skär,Stor,Svart,Tall,Älg,Åker}',
 '{backen,berget,bäcken,dalen,fallet,forsen,fjärden,holmen,heden,kärret,lund,mossen,myran,näset,sjön,skogen,udden,vik,ån,ängen}',
 '{"%s nationalpark","%s naturreservat","%s djurskyddsområde","%s skogsbiotop","%s landskapsbildskydd","%s naturvårdsområde"}');
INSERT INTO w_speech VALUES
('ru', '{Belo,Verkhne,Veliko,Dolgo,Zelyono,Krasno,Novo,Ostro,Severo,Staro,Ust-,Cherno}', '{borsk,vodye,gorye,dolsk,kamensk,lesye,ozyorsk,polye,rechye,stepnoye,yarsk}',
 '{Бело,Верхне,Велико,Долго,Зелёно,Красно,Ново,Остро,Северо,Старо,Усть-,Черно}', '{борск,водье,горье,дольск,каменск,лесье,озёрск,полье,речье,степное,ярск}',
 '{"Национальный парк «%s»","Государственный заповедник «%s»","Заказник «%s»","Лесной резерват «%s»","Природный парк «%s»","Охраняемый ландшафт «%s»"}'),
('ar', '{Ain,Bir,Jabal,Ras,Sabkhat,Tall,Umm,Wadi,Wahat}', '{" al-Ahmar"," al-Bahr"," al-Ghazal"," al-Kabir"," al-Nakhl"," al-Raml"," al-Tayr"," Shihab"," Zahra"}',
 '{عين,بئر,جبل,رأس,سبخة,تل,أم,وادي,واحة}', '{" الأحمر"," البحر"," الغزال"," الكبير"," النخل"," الرمل"," الطير"," شهاب"," زهراء"}',
 '{"حديقة %s الوطنية","محمية %s الطبيعية","محمية %s للحياة البرية","غابة %s المحمية","متنزه %s","منطقة %s المحمية"}'),
('zh', '{Bai,Chang,Da,Gao,Hei,Huang,Jin,Long,Nan,Qing,Tian,Xi}', '{hai,he,hu,jiang,lin,ling,ping,quan,shan,tan,yuan,ze}',
 '{白,长,大,高,黑,黄,金,龙,南,青,天,西}', '{海,河,湖,江,林,岭,坪,泉,山,滩,原,泽}',
 '{%s国家公园,%s国家级自然保护区,%s野生动物保护区,%s森林公园,%s风景名胜区,%s湿地公园}'),
('ja', '{Aka,Ao,Higashi,Kiri,Kita,Kuro,Minami,Nishi,Ō,Shira,Taka}', '{gawa,hama,hara,ike,iwa,kubo,mori,numa,saki,shima,yama,zawa}',
 '{赤,青,東,霧,北,黒,南,西,大,白,高}', '{川,浜,原,池,岩,窪,森,沼,崎,島,山,沢}',
 '{%s国立公園,%s自然環境保全地域,%s鳥獣保護区,%s森林生態系保護地域,%s国定公園,%s県立自然公園}'),
('el', '{Agia ,Aspro,Kalo,Kokkino,Makry,Mavro,Megalo,Neo,Paleo,Xiro}', '{chori,dasos,gialos,kampos,limni,nero,potamos,vouni,vrachos}',
 '{Αγία ,Ασπρο,Καλο,Κοκκινο,Μακρυ,Μαυρο,Μεγαλο,Νεο,Παλαιο,Ξηρο}', '{χώρι,δάσος,γιαλός,κάμπος,λίμνη,νερό,ποταμός,βούνι,βράχος}',
 '{"Εθνικός Δρυμός %s","Περιοχή Προστασίας της Φύσης %s","Καταφύγιο Άγριας Ζωής %s","Αισθητικό Δάσος %s","Προστατευόμενο Τοπίο %s","Περιοχή Οικοανάπτυξης %s"}'),
('hi', '{Bada,Chandra,Deo,Ganga,Hari,Kali,Nil,Ram,Sur,Van}', '{dhar,garh,ghat,jheel,kund,nagar,pani,pur,van,tal}',
 '{बड़ा,चन्द्र,देव,गंगा,हरि,काली,नील,राम,सुर,वन}', '{धार,गढ़,घाट,झील,कुंड,नगर,पानी,पुर,वन,ताल}',
 '{"%s राष्ट्रीय उद्यान","%s प्रकृति रिज़र्व","%s वन्यजीव अभयारण्य","%s आरक्षित वन","%s संरक्षित परिदृश्य","%s संरक्षण क्षेत्र"}');
UPDATE w_speech SET own_heads = coalesce(own_heads, heads), own_tails = coalesce(own_tails, tails);

CREATE TEMP TABLE w_name ON COMMIT DROP AS
SELECT s.slot, sort, format(en.kinds[sort], root || part) AS english,
       format(l.kinds[sort], l.own_heads[head] || l.own_tails[tail] || part) AS original,
       trim(both ' «»' FROM regexp_replace(l.kinds[sort], '( de l''Île de| de)? ?«?%s»? ?', ' ')) AS original_kind
FROM w_site s
JOIN w_speech l USING (speech)
JOIN w_speech en ON en.speech = 'en'
CROSS JOIN LATERAL (
  SELECT 1 + demo.pick(name_key, 'head', :seed, cardinality(l.heads)) AS head,
         1 + demo.pick(name_key, 'tail', :seed, cardinality(l.tails)) AS tail,
         -- six kinds, reserves far more than national parks
         (ARRAY[2, 2, 2, 4, 5, 5, 6, 6, 3, 1])[1 + demo.pick(s.slot, 'kind', :seed, 10)] AS sort,
         CASE demo.pick(name_key, 'part', :seed, 12) WHEN 0 THEN ' II' WHEN 1 THEN ' (B)' WHEN 2 THEN ' ' || demo.pick(name_key, 'number', :seed, 900)
              WHEN 3 THEN ' - ' || chr(65 + demo.pick(name_key, 'letter', :seed, 26)) ELSE '' END AS part) AS d
CROSS JOIN LATERAL (SELECT l.heads[head] || l.tails[tail] AS root) AS r;
CREATE UNIQUE INDEX ON w_name (slot);
ANALYZE w_name;
