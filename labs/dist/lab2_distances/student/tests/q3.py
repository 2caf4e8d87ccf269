OK_FORMAT = True

test = {   'name': 'q3',
    'points': 2,
    'suites': [   {   'cases': [   {   'code': '>>> assert np.isclose(chamfer_l1(np.zeros((1, 3)), np.array([[3.0, 4.0, 0.0]])), 5)\n',
                                       'failure_message': 'two single points 5 apart are 5 apart',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
